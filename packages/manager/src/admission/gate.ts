import type { CancelTimer, Clock } from '@shoal/common'

/**
 * So many may shake hands at a time: enough that none waits for another's slow line, few enough that a round of them
 * is done before anybody else has waited long for his turn.
 */
const AT_ONCE = 64
/**
 * How long a caller waits to be let in, in milliseconds. To wait costs neither end anything, and to call again does:
 * so it is longer than an agent has patience, and who hangs up is noticed.
 */
export const WAIT_MS = 90_000
/** Whoever has waited for so long, in milliseconds, shows that there is a crowd. */
const CROWD_MS = 3_000
/**
 * A caller that has not said by then what it wants stands in nobody's way any more, in milliseconds. It is longer than
 * so many handshakes take on a machine that has little time for them: else ever more would be under way at once.
 */
const HOLD_MS = 3_000

/** So many keys of callers that wait no more are kept beside those of callers that do. */
const MOST_GONE = 1_000

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
  /** Hears when somebody has had to wait for long, or is sent away. */
  readonly crowded?: () => void
}

interface Waiting {
  readonly caller: Caller
  readonly sinceMs: number
}

/**
 * When thousands call at the same moment, a manager that shakes hands with all of them at once is done with all at the
 * end: after each has lost patience, and with every handshake in vain. So it takes a few at a time, the latest first,
 * for their patience lasts longest, and
 * spends no work on who has hung up meanwhile. Invariants: at most `atOnce` hold a place, each
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
  /** Their keys, the latest last; of those that wait no more, too. */
  #latest: string[] = []
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
    this.#latest.push(caller.key)
    if (this.#latest.length > 2 * this.#waiting.size + MOST_GONE) this.#latest = [...this.#waiting.keys()]
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
    this.#latest = []
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
      if (nowMs - sinceMs < WAIT_MS) break
      this.#waiting.delete(key)
      this.#crowded()
      caller.sendAway()
    }
    while (this.#inside.size < this.#atOnce) {
      const waiting = this.#takeLatest()
      if (!waiting) break
      this.#inside.set(waiting.caller.key, nowMs + HOLD_MS)
      if (nowMs - waiting.sinceMs >= CROWD_MS) this.#crowded()
      waiting.caller.letIn()
    }
    this.#armTimer(nowMs)
  }

  #takeLatest(): Waiting | undefined {
    for (let key = this.#latest.pop(); key !== undefined; key = this.#latest.pop()) {
      const waiting = this.#waiting.get(key)
      if (waiting && this.#waiting.delete(key)) return waiting
    }
    return undefined
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
