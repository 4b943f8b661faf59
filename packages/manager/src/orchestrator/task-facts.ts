/** Small questions about one task that several parts of the orchestrator ask. */
import { isBefore, isDesiredAlive, isTerminal } from '@shoal/common'
import type { TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'

/** Whether it is wanted running, now or when its turn comes. It may have ended nevertheless. */
export function isAlive(task: TaskRecord): boolean {
  return isDesiredAlive(task.DesiredState)
}

export function hasEnded(task: TaskRecord): boolean {
  return isTerminal(task.Status.State)
}

/** Whether no node has been told of it: nothing has to be stopped anywhere. */
export function isUnassigned(task: TaskRecord): boolean {
  return isBefore(task.Status.State, 'assigned')
}

export function isRunning(task: TaskRecord): boolean {
  return task.Status.State === 'running'
}

/** Whether its node has been removed, or is down: nobody knows what became of it. */
export function isNodeLost(view: StateView, task: TaskRecord): boolean {
  if (task.NodeID === undefined || isUnassigned(task)) return false
  const node = view.get('node', task.NodeID)
  return node === undefined || node.Status.State === 'down'
}

/** Whether it vanished together with its node, rather than ended. */
export function isLost(view: StateView, task: TaskRecord): boolean {
  return task.Status.State === 'orphaned' || (!hasEnded(task) && isNodeLost(view, task))
}

/** Whether its place is free: it has ended, will never begin, or was lost. */
export function isGone(view: StateView, task: TaskRecord): boolean {
  return hasEnded(task) || (!isAlive(task) && isUnassigned(task)) || isNodeLost(view, task)
}

/** Whether the restart policy's delay is over. */
export function isDue(task: TaskRecord, now: number): boolean {
  return (task.Shoal.StartAfterMs ?? 0) <= now
}

/** Whether the scheduler has said that no node can take it. */
export function isUnplaceable(task: TaskRecord): boolean {
  return isUnassigned(task) && Boolean(task.Status.Err)
}
