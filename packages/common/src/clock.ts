/** The only file that asks the machine what time it is or waits for it. */

/** Ends a timer; calling it twice, or after the timer has fired, does nothing. */
export type CancelTimer = () => void

/** Time as the rest of Shoal sees it. Simulations pass a virtual one in. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Calls `callback` once, `delayMs` milliseconds from now. Delays longer than 24 days are honoured. */
  setTimer(delayMs: number, callback: () => void): CancelTimer
}

/** Node's timers overflow to "at once" beyond 2^31-1 ms, so a longer wait is made of several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, callback) {
    // Whoever only lets others have their turn need not wait for the millisecond that a timer takes at least.
    if (delayMs <= 0) {
      const immediate = setImmediate(callback)
      return () => clearImmediate(immediate)
    }
    let timer: NodeJS.Timeout
    const arm = (remainingMs: number): void => {
      const stepMs = Math.min(Math.max(remainingMs, 0), LONGEST_TIMER_MS)
      timer = setTimeout(() => (remainingMs > stepMs ? arm(remainingMs - stepMs) : callback()), stepMs)
    }
    arm(delayMs)
    return () => clearTimeout(timer)
  },
}

/**
 * Resolves after `delayMs` milliseconds on `clock`, or at once when `signal` aborts.
 * It never rejects: who waits looks at `signal.aborted` afterwards.
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.setTimer(delayMs, finish)
    signal?.addEventListener('abort', finish, { once: true })
  })
}

/** An instant as Docker writes it: RFC 3339 in UTC. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString()
}

/** Milliseconds since the epoch of a document's RFC 3339 timestamp; NaN for text that is none. */
export function fromTimestamp(timestamp: string): number {
  return Date.parse(timestamp)
}

/** Docker's durations are integer nanoseconds. */
export const NANOSECONDS_PER_MILLISECOND = 1_000_000

/** A duration of a document (nanoseconds) in milliseconds. */
export function nanosecondsToMs(nanoseconds: number): number {
  return nanoseconds / NANOSECONDS_PER_MILLISECOND
}
