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
 * Finds a container by its ID, by its name (`web.3.<task>`, with or without a slash or `<host>/` before it), by its
 * task's ID, by the beginning of either ID, or by the task's short name (`web.3`): that is the newest that has a
 * container, one that runs before all others.
 * @throws ShoalError `not-found`; `invalid-argument` when a beginning is ambiguous
 */
export function findContainer(state: StateView, reference: string): TaskContainer {
  const wanted = reference.replace(/^\//, '')
  const name = wanted.slice(wanted.lastIndexOf('/') + 1)
  const known = [...state.all('task')].flatMap((task) => containerOf(task) ?? [])
  const matches = bestMatches(state, known, name)
  const [match] = matches
  if (match === undefined || name === '') throw new ShoalError('not-found', `No such container: ${reference}`)
  if (matches.length > 1) {
    throw new ShoalError('invalid-argument', `multiple IDs found with provided prefix: ${reference}`)
  }
  return match
}

function bestMatches(state: StateView, known: readonly TaskContainer[], name: string): TaskContainer[] {
  const exact = known.find(
    ({ task, containerId }) =>
      containerId === name || task.ID === name || containerName(state, task) === name,
  )
  if (exact) return [exact]
  const ofSlot = known.filter(({ task }) => taskName(state, task) === name)
  if (ofSlot.length > 0) return ofSlot.sort(byInterest).slice(0, 1)
  return known.filter(({ task, containerId }) => containerId.startsWith(name) || task.ID.startsWith(name))
}

/** What runs first, then the newest. */
function byInterest({ task: a }: TaskContainer, { task: b }: TaskContainer): number {
  const running = Number(b.Status.State === 'running') - Number(a.Status.State === 'running')
  return running || b.CreatedAt.localeCompare(a.CreatedAt)
}
