import { fromTimestamp, nanosecondsToMs } from '@shoal/common'
import { DEFAULT_RESTART_POLICY, type RestartPolicy } from '@shoal/engine-api'
import type { TaskRecord } from '../../state/records.js'

/** What follows a task that has ended by itself. Instants are milliseconds since the epoch. */
export type RestartDecision =
  | { readonly type: 'rest' }
  /** It ended before its own delay was over: decide again then. Otherwise it would be replaced without pause. */
  | { readonly type: 'wait'; readonly untilMs: number }
  | {
      readonly type: 'restart'
      readonly startAfterMs: number
      readonly quickFailures: number
      readonly restartsAtMs?: readonly number[]
    }

/** A task that ran for less than this has failed quickly: see docs/decisions/0002-restart-back-off.md. */
export const QUICK_FAILURE_MS = 10_000
/** So many restarts in a row keep exactly to the policy's delay; then it doubles each time. */
export const RESTARTS_BEFORE_BACK_OFF = 3
export const LONGEST_BACK_OFF_MS = 5 * 60_000
const LEAST_BACK_OFF_MS = 1_000

/** @param now milliseconds since the epoch */
export function decideRestart(
  task: TaskRecord,
  policy: RestartPolicy | undefined,
  now: number,
): RestartDecision {
  if (!wantsRestart(task, policy)) return { type: 'rest' }
  const attempts = policy?.MaxAttempts ?? 0
  const restarts = restartsWithinWindow(task, policy, now)
  if (attempts > 0 && restarts.length >= attempts) return { type: 'rest' }
  return decideRetry(task, policy, now, attempts > 0 ? [...restarts, now] : undefined)
}

/** The next try, whatever the condition and the number of attempts say. */
export function decideRetry(
  task: TaskRecord,
  policy: RestartPolicy | undefined,
  now: number,
  restartsAtMs: readonly number[] | undefined = task.Shoal.RestartsAtMs,
): RestartDecision {
  const untilMs = task.Shoal.StartAfterMs ?? 0
  if (untilMs > now) return { type: 'wait', untilMs }
  const quickFailures = ranMs(task, now) < QUICK_FAILURE_MS ? (task.Shoal.QuickFailures ?? 0) + 1 : 0
  const startAfterMs = now + backOffMs(delayMs(policy), quickFailures)
  return { type: 'restart', startAfterMs, quickFailures, ...(restartsAtMs && { restartsAtMs }) }
}

/** How long the task ran, in milliseconds; 0 when it never did. */
export function ranMs({ Shoal: { RunningSinceMs }, Status }: TaskRecord, now: number): number {
  if (RunningSinceMs === undefined) return 0
  const endedAtMs = fromTimestamp(Status.Timestamp)
  // The end is told by the clock of the node, which may be wrong; it is no later than now.
  return Math.max(0, Math.min(now, Number.isNaN(endedAtMs) ? now : endedAtMs) - RunningSinceMs)
}

/** @returns the wait before the next start, in milliseconds */
export function backOffMs(delay: number, quickFailures: number): number {
  const doublings = quickFailures - RESTARTS_BEFORE_BACK_OFF
  if (doublings <= 0) return delay
  const grown = Math.max(delay, LEAST_BACK_OFF_MS) * 2 ** Math.min(doublings, 30)
  return Math.max(delay, Math.min(grown, LONGEST_BACK_OFF_MS))
}

function wantsRestart({ Status }: TaskRecord, policy: RestartPolicy | undefined): boolean {
  if (policy?.Condition === 'none') return false
  return policy?.Condition !== 'on-failure' || Status.State !== 'complete'
}

function restartsWithinWindow(
  task: TaskRecord,
  policy: RestartPolicy | undefined,
  now: number,
): readonly number[] {
  const restarts = task.Shoal.RestartsAtMs ?? []
  const windowMs = nanosecondsToMs(policy?.Window ?? 0)
  return windowMs > 0 ? restarts.filter((atMs) => now - atMs < windowMs) : restarts
}

function delayMs(policy: RestartPolicy | undefined): number {
  return nanosecondsToMs(policy?.Delay ?? DEFAULT_RESTART_POLICY.Delay)
}
