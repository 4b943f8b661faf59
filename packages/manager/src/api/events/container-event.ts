import { isBefore, isTerminal } from '@shoal/common'
import type { ChangeOf, TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { containerName, containerOf, type TaskContainer } from '../containers/find.js'
import { hasHealthCheck, UNHEALTHY } from '../containers/health.js'
import { containerLabels } from '../containers/list.js'
import type { ContainerAction, ContainerHappening } from './event.js'

const MS_PER_SECOND = 1000

/**
 * What users are told of a task's container when its task changes. A task runs when its container runs and, where it
 * has a health check, is healthy; so every manager tells the same from its copy of the state, and there are never
 * more events than tasks have decisive states.
 */
export function containerHappenings(
  { before, after }: ChangeOf<'task'>,
  state: StateView,
): readonly ContainerHappening[] {
  const container = after && containerOf(after)
  if (!container) return []
  const actions = actionsOf(before, container.task, hasHealthCheck(state, container.task))
  return actions.map((action) => happening(action, container, before, state))
}

function actionsOf(
  before: TaskRecord | undefined,
  { Status: now }: TaskRecord,
  checked: boolean,
): ContainerAction[] {
  const was = before?.Status.State ?? 'new'
  if (now.State === 'running' && isBefore(was, 'running')) {
    return checked ? ['start', 'health_status: healthy'] : ['start']
  }
  // Nobody knows how the container of an orphan fares. What was rejected never began.
  const ended = isTerminal(now.State) && now.State !== 'orphaned' && now.State !== 'rejected'
  if (!ended || isTerminal(was)) return []
  return now.Err === UNHEALTHY ? ['health_status: unhealthy', 'die'] : ['die']
}

function happening(
  action: ContainerAction,
  container: TaskContainer,
  before: TaskRecord | undefined,
  state: StateView,
): ContainerHappening {
  const { task, nodeId, containerId } = container
  const image = state.specOf(task)?.TaskTemplate?.ContainerSpec?.Image ?? ''
  const host = state.get('node', nodeId)?.Description.Hostname ?? nodeId
  return {
    status: action,
    id: containerId,
    from: image,
    Type: 'container',
    Action: action,
    Actor: {
      ID: containerId,
      Attributes: {
        ...task.Labels,
        ...containerLabels(state, container),
        ...(action === 'die' && endOf(task, before)),
        image,
        name: containerName(state, task),
        'node.name': host,
      },
    },
  }
}

/** How a container ended, and how many seconds it ran if that is known. */
function endOf({ Status: now }: TaskRecord, before: TaskRecord | undefined): Record<string, string> {
  const exitCode = String(now.ContainerStatus?.ExitCode ?? 0)
  if (before?.Status.State !== 'running') return { exitCode }
  const ranMs = Date.parse(now.Timestamp) - Date.parse(before.Status.Timestamp)
  return { exitCode, execDuration: String(Math.max(0, Math.floor(ranMs / MS_PER_SECOND))) }
}
