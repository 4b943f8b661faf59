import type { UpdateStatus } from '@shoal/engine-api'
import { type Look, type Slot, slotsOf } from './slots.js'

export type { Look, Slot } from './slots.js'

const DEFAULT_MONITOR_MS = 5000
const NANOSECONDS_PER_MS = 1e6
/** How the reason of a task begins that no node takes. */
const NO_NODE = 'no suitable node'

/** What is being waited for. */
export interface Goal {
  /** How the service is called in what is said. */
  name: string
  /** The status that the service had before the change: it says nothing about this change. */
  staleStatus?: UpdateStatus | undefined
  /** Whether a rollback was asked for, so that its completion is a success. */
  rollback?: boolean | undefined
}

/** What is remembered from one look to the next. */
export interface Memory {
  /** Milliseconds since the epoch since when all slots have been done. */
  convergedSinceMs?: number | undefined
}

export type Outcome =
  | { kind: 'converged'; message: string }
  /** It ended otherwise than it was asked for: the rollout was paused, or taken back. */
  | { kind: 'failed'; message: string }

/** What there is to show. */
export interface Progress {
  job: boolean
  rollingBack: boolean
  /** Undefined while it is not known how many there will be. */
  slots: readonly Slot[] | undefined
  done: number
  /** What the rollout itself says beside the tasks. */
  note?: string | undefined
  /** The service whose tasks find no node: there is more to be known about that. */
  unplaced?: string | undefined
  verify?: string | undefined
  outcome?: Outcome | undefined
}

/**
 * Makes of one look at a service what there is to show, and whether it is over: it has converged when
 * all its slots have been done for the update's monitor period, or when the manager says so.
 * @param nowMs milliseconds since the epoch
 */
export function decideProgress(
  goal: Goal,
  memory: Memory,
  look: Look,
  nowMs: number,
): { memory: Memory; progress: Progress } {
  const status = currentStatus(goal, look.service.UpdateStatus)
  const slots = slotsOf(look)
  const done = (slots ?? []).filter((slot) => slot.done).length
  const total = slots === undefined ? undefined : wanted(look, slots)
  const converged = total !== undefined && done === total
  const job = look.service.JobStatus !== undefined || look.service.Spec.Mode?.ReplicatedJob !== undefined
  const rollingBack = status?.State.startsWith('rollback_') ?? false
  const progress: Progress = {
    job,
    rollingBack,
    slots,
    done,
    note: rollingBack && status?.Message ? `rollback: ${status.Message}` : undefined,
    unplaced: slots?.some(({ reason }) => reason?.startsWith(NO_NODE)) ? goal.name : undefined,
  }
  const ended = endedByStatus(goal, status, converged)
  if (ended !== undefined) return { memory: {}, progress: { ...progress, outcome: ended } }
  if (!converged) {
    const fell = memory.convergedSinceMs !== undefined
    return { memory: {}, progress: { ...progress, verify: fell ? 'Detected task failure' : undefined } }
  }
  if (job)
    return { memory: {}, progress: { ...progress, outcome: { kind: 'converged', message: 'job complete' } } }
  const sinceMs = memory.convergedSinceMs ?? nowMs
  const remainingMs = monitorMs(look) - (nowMs - sinceMs)
  if (remainingMs > 0) {
    const seconds = Math.floor(remainingMs / 1000) + 1
    const verify = `Waiting ${seconds} second${seconds === 1 ? '' : 's'} to verify that tasks are stable...`
    return { memory: { convergedSinceMs: sinceMs }, progress: { ...progress, verify } }
  }
  return {
    memory: { convergedSinceMs: sinceMs },
    progress: { ...progress, outcome: convergedOutcome(goal, status) },
  }
}

/** Slots beyond the wanted number that still run keep a service from having converged. */
function wanted(look: Look, slots: readonly Slot[]): number {
  const mode = look.service.Spec.Mode ?? {}
  if (mode.Global || mode.GlobalJob) return slots.length
  return mode.ReplicatedJob ? (mode.ReplicatedJob.TotalCompletions ?? 1) : (mode.Replicated?.Replicas ?? 1)
}

function monitorMs(look: Look): number {
  const monitor = look.service.Spec.UpdateConfig?.Monitor
  return monitor ? monitor / NANOSECONDS_PER_MS : DEFAULT_MONITOR_MS
}

function currentStatus(goal: Goal, status: UpdateStatus | undefined): UpdateStatus | undefined {
  const stale = goal.staleStatus
  const same = stale?.State === status?.State && stale?.StartedAt === status?.StartedAt
  return stale !== undefined && same ? undefined : status
}

/** The manager watches a rollout itself, so its word is final once the tasks agree. */
function endedByStatus(
  goal: Goal,
  status: UpdateStatus | undefined,
  converged: boolean,
): Outcome | undefined {
  switch (status?.State) {
    case 'paused':
      return { kind: 'failed', message: `service update paused: ${status.Message}` }
    case 'rollback_paused':
      return { kind: 'failed', message: `service rollback paused: ${status.Message}` }
    case 'completed':
    case 'rollback_completed':
      return converged ? convergedOutcome(goal, status) : undefined
    case 'updating':
    case 'rollback_started':
    case undefined:
    default:
      return undefined
  }
}

function convergedOutcome(goal: Goal, status: UpdateStatus | undefined): Outcome {
  const rolledBack = status?.State === 'rollback_started' || status?.State === 'rollback_completed'
  return rolledBack && !goal.rollback
    ? { kind: 'failed', message: `service rolled back: ${status?.Message ?? ''}` }
    : { kind: 'converged', message: `Service ${goal.name} converged` }
}
