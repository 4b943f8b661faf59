import type { NetworkAttachment, Task, TaskSpec } from '@shoal/engine-api'
import type { TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { attachedNetwork } from './networks.js'

/** The task as clients see it: with the spec that it was made from. */
export function taskAnswer(state: StateView, record: TaskRecord): Task {
  const { Shoal: _shoal, AssignedGenericResources, NetworksAttachments, ...task } = record
  return {
    ...task,
    Spec: specOf(state, record),
    DesiredState: shownDesiredState(record),
    Status: { PortStatus: {}, ...record.Status },
    ...(AssignedGenericResources && { GenericResources: [...AssignedGenericResources] }),
    ...(NetworksAttachments && {
      NetworksAttachments: NetworksAttachments.map((attachment) => attachmentAnswer(state, attachment)),
    }),
  }
}

/** What is wanted of a job's task is that it completes; that it runs is only the way. */
export function shownDesiredState({ JobIteration, DesiredState }: TaskRecord): TaskRecord['DesiredState'] {
  return JobIteration && DesiredState === 'running' ? 'complete' : DesiredState
}

/** With the network as it is; one that was removed meanwhile is told of as the task knew it. */
function attachmentAnswer(state: StateView, { Network, Addresses }: NetworkAttachment): NetworkAttachment {
  const network = state.get('network', Network.ID)
  return { Network: network ? attachedNetwork(network) : Network, Addresses }
}

/** The CLI cannot show a task without a ContainerSpec, so there always is one. */
function specOf(state: StateView, task: TaskRecord): TaskSpec {
  const template = state.specOf(task)?.TaskTemplate ?? state.get('service', task.ServiceID)?.Spec.TaskTemplate
  return { ...template, ContainerSpec: template?.ContainerSpec ?? {} }
}

/** `web.3`, or `web.<node>` for a global service, or the ID alone when the service is gone. */
export function taskName(state: StateView, task: TaskRecord): string {
  const service = state.get('service', task.ServiceID)?.Spec.Name
  return service === undefined ? task.ID : `${service}.${task.Slot ?? task.NodeID ?? ''}`
}
