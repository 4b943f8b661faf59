import { toTimestamp, unreachable } from '@shoal/common'
import { put, type Mutation, type TaskRecord } from '../state/records.js'
import type { Decision } from './decide.js'

/**
 * What a decision changes in the store: nothing, or the one task.
 * @param nowMs when it was decided, in milliseconds since the epoch
 */
export function mutationOf(decision: Decision, nowMs: number): Mutation | undefined {
  switch (decision.type) {
    case 'assign':
      return put('task', assigned(decision, nowMs))
    case 'refuse':
      return put('task', refused(decision.task, decision.reason, nowMs))
    case 'leave':
      return undefined
    default:
      return unreachable(decision)
  }
}

function assigned(decision: Extract<Decision, { type: 'assign' }>, nowMs: number): TaskRecord {
  const { task, nodeId, generic } = decision
  const Message =
    task.NodeID === undefined
      ? 'scheduler assigned task to node'
      : 'scheduler confirmed task can run on preassigned node'
  return {
    ...task,
    NodeID: nodeId,
    ...(generic.length > 0 && { AssignedGenericResources: generic }),
    Status: { State: 'assigned', Message, Timestamp: toTimestamp(nowMs) },
  }
}

function refused(task: TaskRecord, reason: string, nowMs: number): TaskRecord {
  return { ...task, Status: { ...task.Status, Err: reason, Timestamp: toTimestamp(nowMs) } }
}
