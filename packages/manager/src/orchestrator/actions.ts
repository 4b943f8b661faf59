/** What the orchestrator can do to tasks. commit.ts carries each kind out. */
import type { TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { hasEnded, isNodeLost, isUnassigned } from './task-facts.js'

export type Action =
  | { readonly type: 'create'; readonly task: TaskRecord }
  /** `rests`: no other task follows it. */
  | {
      readonly type: 'desire'
      readonly task: TaskRecord
      readonly desired: 'running' | 'shutdown' | 'remove'
      readonly rests?: true
    }
  | { readonly type: 'delete'; readonly task: TaskRecord }

/** What is done together or not at all: the actions of one slot. */
export type Unit = readonly Action[]

/** Ends a task that another takes the place of. One that no node knows leaves nothing worth keeping. */
export function stop(task: TaskRecord): Action {
  return isUnassigned(task) ? { type: 'delete', task } : { type: 'desire', task, desired: 'shutdown' }
}

/** Ends a task whose place is no longer wanted, and its history with it. */
export function letGo(view: StateView, task: TaskRecord): Action[] {
  if (hasEnded(task) || isUnassigned(task) || isNodeLost(view, task)) return [{ type: 'delete', task }]
  return task.DesiredState === 'remove' ? [] : [{ type: 'desire', task, desired: 'remove' }]
}
