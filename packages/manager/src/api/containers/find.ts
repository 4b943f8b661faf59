import { ShoalError } from '@shoal/common'
import type { TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { taskName } from '../answers/task.js'

/** A task with the container that it has, or had. */
export interface TaskContainer {
  readonly task: TaskRecord
  readonly nodeId: string
  /** The engine's full ID. */
  readonly containerId: string
}

/** The container that a task is known to have. */
export function containerOf(task: TaskRecord): TaskContainer | undefined {
  const containerId = task.Status.ContainerStatus?.ContainerID
  if (!containerId || task.NodeID === undefined) return undefined
  return { task, nodeId: task.NodeID, containerId }
}

/** Docker's name of a task's container: `web.3.<task>`. The ID alone when the service is gone. */
export function containerName(state: StateView, task: TaskRecord): string {
  const name = taskName(state, task)
  return name === task.ID ? name : `${name}.${task.ID}`
}

/**
 * The tasks that a name is of: the one whose container has it (`web.3.<task>`), or all that the slot `web.3` has had
 * and still are there.
 */
export function tasksNamed(state: StateView, name: string): TaskRecord[] {
  const dot = name.lastIndexOf('.')
  if (dot < 0) return []
  const owner = state.get('task', name.slice(dot + 1))
  if (owner && containerName(state, owner) === name) return [owner]
  const service = state.serviceNamed(name.slice(0, dot))
  if (service === undefined) return []
  const tasks: TaskRecord[] = []
  for (const task of state.tasksOfService(service.ID)) if (taskName(state, task) === name) tasks.push(task)
  return tasks
}

/**
 * Finds a container by its ID, by its name (`web.3.<task>`, with or without a slash or `<host>/` before it), by its
 * task's ID, by the beginning of either ID, or by the task's short name (`web.3`): that is the newest that has a
 * container, one that runs before all others.
 * @throws ShoalError `not-found`; `invalid-argument` when a beginning is ambiguous
 */
export function findContainer(state: StateView, reference: string): TaskContainer {
  const wanted = reference.replace(/^\//, '')
  const name = wanted.slice(wanted.lastIndexOf('/') + 1)
  const matches = name === '' ? [] : bestMatches(state, name)
  const [match] = matches
  if (match === undefined) throw new ShoalError('not-found', `No such container: ${reference}`)
  if (matches.length > 1) {
    throw new ShoalError('invalid-argument', `multiple IDs found with provided prefix: ${reference}`)
  }
  return match
}

/** Among very many tasks, only the beginnings of IDs are worth a look at each. */
function bestMatches(state: StateView, name: string): TaskContainer[] {
  const owner = state.get('task', name)
  const own = owner && containerOf(owner)
  if (own) return [own]
  const named = tasksNamed(state, name).flatMap((task) => containerOf(task) ?? [])
  if (named.length > 0) return named.sort(byInterest).slice(0, 1)
  const matches: TaskContainer[] = []
  for (const task of state.all('task')) {
    const id = task.Status.ContainerStatus?.ContainerID
    const found = id?.startsWith(name) || task.ID.startsWith(name) ? containerOf(task) : undefined
    if (found) matches.push(found)
  }
  return matches
}

/** What runs first, then the newest. */
function byInterest({ task: a }: TaskContainer, { task: b }: TaskContainer): number {
  const running = Number(b.Status.State === 'running') - Number(a.Status.State === 'running')
  return running || b.CreatedAt.localeCompare(a.CreatedAt)
}
