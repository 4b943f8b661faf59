import { unreachable } from '@shoal/common'
import { put, withFields, type Mutation, type TaskRecord } from '../state/records.js'
import type { Decision } from './decide.js'

/**
 * What a decision changes in the store: nothing, or the one task.
 * @param timestamp when it was decided, RFC 3339
 */
export function mutationOf(decision: Decision, timestamp: string): Mutation | undefined {
  switch (decision.type) {
    case 'assign':
      return put('task', assigned(decision, timestamp))
    case 'refuse':
      return put('task', refused(decision.task, decision.reason, timestamp))
    case 'leave':
      return undefined
    default:
      return unreachable(decision)
  }
}

function assigned(decision: Extract<Decision, { type: 'assign' }>, timestamp: string): TaskRecord {
  const { task, nodeId, generic } = decision
  const Message =
    task.NodeID === undefined
      ? 'scheduler assigned task to node'
      : 'scheduler confirmed task can run on preassigned node'
  return withFields(task, {
    NodeID: nodeId,
    Status: { State: 'assigned', Message, Timestamp: timestamp },
    ...(generic.length > 0 && { AssignedGenericResources: generic }),
  })
}

function refused(task: TaskRecord, reason: string, timestamp: string): TaskRecord {
  return { ...task, Status: withFields(task.Status, { Err: reason, Timestamp: timestamp }) }
}
