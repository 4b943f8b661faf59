import {
  isAtLeast,
  isBefore,
  isTerminal,
  messageOf,
  ShoalError,
  TASK_STATES,
  toTimestamp,
  type TaskState,
} from '@shoal/common'
import { withFields, type TaskRecord } from '../state/records.js'

export type ReportedStatus = TaskRecord['Status']

/** What an agent says of one task. */
export interface TaskReport {
  readonly taskId: string
  readonly status: ReportedStatus
}

/**
 * Reads a TaskStatus as an agent reports it.
 * @throws ShoalError `invalid-argument` for what is none, or a state that is not an agent's to report
 */
export function parseStatus(json: string): ReportedStatus {
  const status = parse(json)
  if (typeof status !== 'object' || status === null) throw malformed('not an object')
  const { State, Timestamp, Message } = status as Partial<Record<keyof ReportedStatus, unknown>>
  if (typeof Timestamp !== 'string' || typeof Message !== 'string') throw malformed('fields are missing')
  if (!isReportable(State)) throw malformed(`state ${JSON.stringify(State)} is not an agent's to report`)
  return status as ReportedStatus
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw malformed(messageOf(error))
  }
}

function malformed(detail: string): ShoalError {
  return new ShoalError('invalid-argument', `malformed task status: ${detail}`)
}

/** The manager alone owns the states up to assigned, and declares tasks orphaned. */
function isReportable(state: unknown): state is TaskState {
  const known = (TASK_STATES as readonly unknown[]).includes(state)
  return known && isAtLeast(state as TaskState, 'accepted') && state !== 'orphaned'
}

/**
 * The task after these statuses, told in order: forward only, and an ended task stays as it ended.
 * @returns undefined when they change nothing
 */
export function withStatuses(
  task: TaskRecord,
  statuses: readonly ReportedStatus[],
  nowMs: number,
): TaskRecord | undefined {
  let next = task
  for (const status of statuses) {
    if (isTerminal(next.Status.State) || !isBefore(next.Status.State, status.State)) continue
    const firstRun = status.State === 'running' && next.Shoal.RunningSinceMs === undefined
    next = {
      ...next,
      Status: status,
      Shoal: firstRun ? withFields(next.Shoal, { RunningSinceMs: nowMs }) : next.Shoal,
    }
  }
  return next === task ? undefined : { ...next, UpdatedAt: toTimestamp(nowMs) }
}
