import type { CancelTimer, Clock, Random } from '@shoal/common'

/** A manager gets so long to answer at the least, in milliseconds: its host may be busy for a moment. */
const SHORTEST_PATIENCE_MS = 3_000
/** A timer that comes later than this tells that this process, or its host, stood still, in milliseconds. */
const STANDSTILL_MS = 1_000

/** What a manager says of how often it wants to be heard of, and asked: see ClusterNews. */
export interface Pace {
  readonly heartbeatPeriodMs: number
  /** 0 when it answers no heartbeats. */
  readonly pulseMs: number
}

/** How often an agent says that it lives, in milliseconds; 0: never. */
export function beatEveryMs({ heartbeatPeriodMs, pulseMs }: Pace): number {
  return pulseMs > 0 ? Math.min(pulseMs, heartbeatPeriodMs) : heartbeatPeriodMs
}

/**
 * How long the manager may take to answer, in milliseconds; Infinity when it does not answer at all. A manager with so
 * many nodes that it is asked seldom also needs longer to answer all that ask.
 */
export function answerWithinMs({ pulseMs }: Pace): number {
  return pulseMs > 0 ? Math.max(SHORTEST_PATIENCE_MS, 2 * pulseMs - 1_000) : Infinity
}

export interface PulseOptions {
  readonly clock: Clock
  readonly random: Random
  /** Tells the manager that this node lives. */
  readonly beat: () => void
  /** Whether this node still takes in what the manager said before: its answer may have come, unread. */
  readonly isBusy: () => boolean
  /** The manager has not answered in time. */
  readonly silent: () => void
}

/**
 * The signs of life of both ends of one session. Invariants: at most two timers; the manager is not blamed before what it
 * sent could be read: after a time in which this process stood still, and while it is busy with an earlier message.
 */
export class Pulse {
  readonly #options: PulseOptions
  #pace: Pace = { heartbeatPeriodMs: 0, pulseMs: 0 }
  #cancelBeat: CancelTimer | undefined
  #cancelSilence: CancelTimer | undefined

  constructor(options: PulseOptions) {
    this.#options = options
  }

  /** From now on in this pace. */
  keep(pace: Pace): void {
    const { heartbeatPeriodMs, pulseMs } = this.#pace
    if (heartbeatPeriodMs === pace.heartbeatPeriodMs && pulseMs === pace.pulseMs) return
    this.#pace = pace
    this.#cancelSilence?.()
    this.#cancelSilence = undefined
    this.#beatLater()
  }

  /** The manager has said something: whatever it was, it lives. */
  heard(): void {
    this.#cancelSilence?.()
    this.#cancelSilence = undefined
  }

  stop(): void {
    this.#cancelBeat?.()
    this.heard()
  }

  /** A little early, and never in step with the other agents. */
  #beatLater(): void {
    const { clock, random, beat } = this.#options
    this.#cancelBeat?.()
    const everyMs = beatEveryMs(this.#pace)
    if (everyMs === 0) return
    this.#cancelBeat = clock.setTimer(everyMs * (0.8 + 0.2 * random.next()), () => {
      beat()
      this.#beatLater()
      if (!this.#cancelSilence) this.#waitFor(answerWithinMs(this.#pace))
    })
  }

  #waitFor(delayMs: number): void {
    if (delayMs === Infinity) return
    const { clock, isBusy, silent } = this.#options
    const dueMs = clock.now() + delayMs
    this.#cancelSilence = clock.setTimer(delayMs, () => {
      this.#cancelSilence = undefined
      const isOwnFault = isBusy() || clock.now() - dueMs > STANDSTILL_MS
      if (isOwnFault) this.#waitFor(SHORTEST_PATIENCE_MS)
      else silent()
    })
  }
}
