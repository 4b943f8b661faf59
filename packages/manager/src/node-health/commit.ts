import { isAtLeast, isTerminal, toTimestamp, unreachable } from '@shoal/common'
import { put, type TaskRecord } from '../state/records.js'
import type { State } from '../state/state.js'
import type { NodeHealthPlan } from './decide.js'

/** As many tasks go into one write: below the store's limit, with room for the compares. */
const TASKS_PER_COMMIT = 100

/**
 * Carries a plan out.
 * @returns when to look at the node again although nothing changed, in milliseconds since the epoch
 * @throws ShoalError `conflict` when the node or a task has changed since: decide anew
 */
export async function commitNodeHealth(
  state: State,
  nodeId: string,
  plan: NodeHealthPlan,
  nowMs: number,
): Promise<number | undefined> {
  switch (plan.type) {
    case 'rest':
      return undefined
    case 'wait':
      return plan.untilMs
    case 'mark-down':
      return markDown(state, nodeId, plan.message, nowMs)
    case 'orphan-tasks':
      return orphanTasks(state, nodeId, plan.message, nowMs)
    default:
      return unreachable(plan)
  }
}

async function markDown(state: State, nodeId: string, message: string, nowMs: number): Promise<undefined> {
  const node = state.get('node', nodeId)
  if (!node) return
  const Status = { State: 'down', Message: message, Addr: node.Status.Addr } as const
  await state.commit([put('node', { ...node, Status, UpdatedAt: toTimestamp(nowMs) })])
}

async function orphanTasks(state: State, nodeId: string, message: string, nowMs: number): Promise<undefined> {
  const orphans = [...state.tasksOfNode(nodeId)].filter(isHeld).map((task) => orphaned(task, message, nowMs))
  for (let from = 0; from < orphans.length; from += TASKS_PER_COMMIT) {
    await state.commit(orphans.slice(from, from + TASKS_PER_COMMIT).map((task) => put('task', task)))
  }
}

/** Whether a node has been given the task and has not reported its end. */
function isHeld({ Status }: TaskRecord): boolean {
  return isAtLeast(Status.State, 'assigned') && !isTerminal(Status.State)
}

function orphaned(task: TaskRecord, message: string, nowMs: number): TaskRecord {
  const Timestamp = toTimestamp(nowMs)
  return {
    ...task,
    UpdatedAt: Timestamp,
    Status: { ...task.Status, Timestamp, State: 'orphaned', Message: message },
  }
}
