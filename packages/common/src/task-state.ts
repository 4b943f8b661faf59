/** The states of a task, in order, and the rules that only its order decides. See docs/task-model.md. */

export const TASK_STATES = [
  'new',
  'allocated',
  'pending',
  'assigned',
  'accepted',
  'preparing',
  'ready',
  'starting',
  'running',
  'complete',
  'shutdown',
  'failed',
  'rejected',
  'remove',
  'orphaned',
] as const

export type TaskState = (typeof TASK_STATES)[number]

const RANK = new Map<TaskState, number>(TASK_STATES.map((state, index) => [state, index]))

/** The place of a state in the order: a task only ever moves to a higher one. */
export function stateRank(state: TaskState): number {
  return RANK.get(state) ?? -1
}

/** Whether `state` comes before `other`. */
export function isBefore(state: TaskState, other: TaskState): boolean {
  return stateRank(state) < stateRank(other)
}

/** Whether `state` is `other` or comes after it. */
export function isAtLeast(state: TaskState, other: TaskState): boolean {
  return stateRank(state) >= stateRank(other)
}

/** Whether a task in this state has ended and will never run again. */
export function isTerminal(state: TaskState): boolean {
  return stateRank(state) > stateRank('running')
}

/** Whether the orchestrator wants a task with this desired state to run, now or when its turn comes. */
export function isDesiredAlive(desired: TaskState): boolean {
  return stateRank(desired) <= stateRank('running')
}

/** The states between assignment and running, which are told to watchers but not written to the store. */
export function isTransient(state: TaskState): boolean {
  return isAtLeast(state, 'accepted') && isBefore(state, 'running')
}
