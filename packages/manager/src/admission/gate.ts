import type { CancelTimer, Clock } from '@shoal/common'

/**
 * So many may shake hands at a time: enough that none waits for another's slow line, few enough that a round of them
 * is done before anybody else has waited long for his turn.
 */
const AT_ONCE = 32
/**
 * How long a caller waits to be let in, in milliseconds. It is less than the time for which an agent waits that knows
 * how busy its manager may be: who is let in is still there. Who is sent away comes again, later each time.
 */
export const WAIT_MS = 5_000
/**
 * A caller that has not said by then what it wants stands in nobody's way any more, in milliseconds. It is longer than
 * so many handshakes take on a machine that has little time for them: else ever more would be under way at once.
 */
const HOLD_MS = 3_000

/** Somebody who has connected, and waits. */
export interface Caller {
  /** Tells it from all others that are connected. */
  readonly key: string
  /** Begins to listen to it. */
  letIn(): void
  /** Hangs up. */
  sendAway(): void
}

export interface GateOptions {
  readonly clock: Clock
  /** How many shake hands at a time; AT_ONCE when it is not said. */
  readonly atOnce?: number
  /** Hears when somebody is sent away because others come before it. */
  readonly crowded?: () => void
}

interface Waiting {
  readonly caller: Caller
  readonly sinceMs: number
}

/**
 * When thousands call at the same moment, a manager that shakes hands with all of them at once is done with all at the
 * end: after each has lost patience, and with every handshake in vain. So it takes them in turn, a few at a time, and
 * sends away who has waited too long before any work was spent on it. Invariants: at most `atOnce` hold a place, each
 * for HOLD_MS at the most; nobody waits while a place is free, nor longer than WAIT_MS.
 */
export class Gate {
  readonly #clock: Clock
  readonly #atOnce: number
  readonly #crowded: () => void
  /** Who shakes hands, and when its place is free at the latest: the oldest first. */
  readonly #inside = new Map<string, number>()
  /** The oldest first. */
  readonly #waiting = new Map<string, Waiting>()
  #cancelTimer: CancelTimer | undefined

  constructor({ clock, atOnce = AT_ONCE, crowded = () => undefined }: GateOptions) {
    this.#clock = clock
    this.#crowded = crowded
    this.#atOnce = atOnce
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  arrive(caller: Caller): void {
    this.#waiting.set(caller.key, { caller, sinceMs: this.#clock.now() })
    this.#pump()
  }

  /** The handshake is over: the caller says what it wants, or has gone. */
  done(key: string): void {
    this.#waiting.delete(key)
    if (this.#inside.delete(key)) this.#pump()
  }

  /** Sends away whoever waits. */
  close(): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#inside.clear()
    this.#cancelTimer?.()
    for (const { caller } of waiting) caller.sendAway()
  }

  #pump(): void {
    const nowMs = this.#clock.now()
    for (const [key, untilMs] of this.#inside) {
      if (untilMs > nowMs) break
      this.#inside.delete(key)
    }
    for (const [key, { caller, sinceMs }] of this.#waiting) {
      const isLate = nowMs - sinceMs >= WAIT_MS
      if (!isLate && this.#inside.size >= this.#atOnce) break
      this.#waiting.delete(key)
      if (isLate) {
        caller.sendAway()
        this.#crowded()
        continue
      }
      this.#inside.set(key, nowMs + HOLD_MS)
      caller.letIn()
    }
    this.#armTimer(nowMs)
  }

  /** For the one who waits longest, and for the place that is free first: whichever comes first. */
  #armTimer(nowMs: number): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const [oldest] = this.#waiting.values()
    if (!oldest) return
    const [freeMs = Infinity] = this.#inside.values()
    const atMs = Math.min(freeMs, oldest.sinceMs + WAIT_MS)
    this.#cancelTimer = this.#clock.setTimer(Math.max(atMs - nowMs, 0), () => this.#pump())
  }
}
