import { isAtLeast, isDesiredAlive, isTerminal } from '@shoal/common'
import type { AssignedTask, TaskAttachment } from '@shoal/engine-api'
import { addressesOf } from '../endpoints/index.js'
import type { ChangeOf, SpecRecord, TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'

/**
 * Whether the task stands in the assignment set of `nodeId`: placed there, and not known to have ended. What has
 * completed of a job stays in it, so that its container, and with it its logs, stay as long as it counts.
 */
export function isAssignedTo(task: TaskRecord | undefined, nodeId: string): task is TaskRecord {
  return task !== undefined && task.NodeID === nodeId && isHeld(task)
}

function isHeld(task: TaskRecord): boolean {
  const { State } = task.Status
  return isAtLeast(State, 'assigned') && (!isTerminal(State) || hasCompleted(task))
}

function hasCompleted({ Status, DesiredState }: TaskRecord): boolean {
  return Status.State === 'complete' && isDesiredAlive(DesiredState)
}

/** The nodes whose agents have to hear of this change. Most changes of a task are its statuses: those concern nobody. */
export function nodesConcerned({ before, after }: ChangeOf<'task'>): string[] {
  const from = before && isHeld(before) ? before : undefined
  const to = after && isHeld(after) ? after : undefined
  const same =
    from?.NodeID === to?.NodeID &&
    from?.DesiredState === to?.DesiredState &&
    from?.Shoal.SpecVersion === to?.Shoal.SpecVersion
  if (same) return []
  return [...new Set([from?.NodeID, to?.NodeID])].filter((nodeId) => nodeId !== undefined)
}

/**
 * The document that an agent runs the task by; undefined when the task's spec is gone and it is not to stop
 * (a task that is to stop needs no spec, and its service may have been removed already).
 * @param isWithheld the agent is not to hear yet that the task is to stop. Without its spec it has to.
 */
export function assignedTask(
  view: StateView,
  task: TaskRecord,
  isWithheld: boolean,
): AssignedTask | undefined {
  const spec = view.specOf(task)
  if (!spec && isDesiredAlive(task.DesiredState)) return undefined
  const service = view.get('service', task.ServiceID)
  // The service may publish other ports by now: its tasks of earlier versions keep theirs.
  const ports = spec?.EndpointSpec?.Ports ?? []
  return {
    ID: task.ID,
    ServiceID: task.ServiceID,
    ServiceName: service?.Spec.Name ?? '',
    ServiceLabels: service?.Spec.Labels ?? {},
    ...(task.Slot === undefined ? {} : { Slot: task.Slot }),
    NodeID: task.NodeID ?? '',
    DesiredState: desiredOf(task, isWithheld && spec !== undefined),
    Spec: spec?.TaskTemplate ?? {},
    Ports: ports,
    ...(task.NetworksAttachments?.length && { Attachments: attachmentsOf(spec, task) }),
    ...(spec?.Shoal.RegistryAuth === undefined ? {} : { RegistryAuth: spec.Shoal.RegistryAuth }),
  }
}

function desiredOf(task: TaskRecord, isWithheld: boolean): string {
  // An agent that does not know it any more must not run it again.
  if (hasCompleted(task)) return 'shutdown'
  return isWithheld ? 'running' : task.DesiredState
}

/** The aliases are those that the task was made with. */
function attachmentsOf(spec: SpecRecord | undefined, task: TaskRecord): TaskAttachment[] {
  return Object.entries(addressesOf(task)).map(([NetworkID, Address]) => {
    const config = spec?.TaskTemplate.Networks?.find(({ Target }) => Target === NetworkID)
    return { NetworkID, Address, Aliases: config?.Aliases ?? [] }
  })
}
