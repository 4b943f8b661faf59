import { toTimestamp, unreachable } from '@shoal/common'
import { put, withFields, type Mutation, type TaskRecord } from '../state/records.js'
import type { Decision } from './decide.js'

/** When decisions were made, and what that makes of the tasks that are assigned then: they share one status. */
export interface Stamp {
  /** RFC 3339 */
  readonly timestamp: string
  readonly assigned: TaskRecord['Status']
  /** Of those that named their node themselves. */
  readonly confirmed: TaskRecord['Status']
}

/** @param atMs milliseconds since the epoch */
export function stampOf(atMs: number): Stamp {
  const timestamp = toTimestamp(atMs)
  const status = (Message: string): TaskRecord['Status'] => ({
    State: 'assigned',
    Message,
    Timestamp: timestamp,
  })
  return {
    timestamp,
    assigned: status('scheduler assigned task to node'),
    confirmed: status('scheduler confirmed task can run on preassigned node'),
  }
}

/** What a decision changes in the store: nothing, or the one task. */
export function mutationOf(decision: Decision, stamp: Stamp): Mutation | undefined {
  switch (decision.type) {
    case 'assign':
      return put('task', assigned(decision, stamp))
    case 'refuse':
      return put('task', refused(decision.task, decision.reason, stamp))
    case 'leave':
      return undefined
    default:
      return unreachable(decision)
  }
}

function assigned(decision: Extract<Decision, { type: 'assign' }>, stamp: Stamp): TaskRecord {
  const { task, nodeId, generic } = decision
  return withFields(task, {
    NodeID: nodeId,
    Status: task.NodeID === undefined ? stamp.assigned : stamp.confirmed,
    ...(generic.length > 0 && { AssignedGenericResources: generic }),
  })
}

function refused(task: TaskRecord, reason: string, { timestamp }: Stamp): TaskRecord {
  return { ...task, Status: withFields(task.Status, { Err: reason, Timestamp: timestamp }) }
}
