import type { CancelTimer, Clock } from './clock.js'

interface Timer {
  at: number
  sequence: number
  callback: () => void
}

/** A clock that stands still until it is told to move: for tests and for the simulator. */
export class VirtualClock implements Clock {
  #nowMs: number
  #sequence = 0
  #timers: Timer[] = []

  /** @param startMs milliseconds since the epoch at which the clock starts. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  setTimer(delayMs: number, callback: () => void): CancelTimer {
    const timer: Timer = { at: this.#nowMs + Math.max(delayMs, 0), sequence: this.#sequence++, callback }
    this.#timers.splice(this.#placeOf(timer), 0, timer)
    return () => {
      // The place before the timers that are later than it is its own, as long as it is armed.
      const index = this.#placeOf(timer) - 1
      if (this.#timers[index] === timer) this.#timers.splice(index, 1)
    }
  }

  /** How many timers come before a new one, or up to and with one that is armed: by halving, for they are in order. */
  #placeOf({ at, sequence }: Timer): number {
    let [low, high] = [0, this.#timers.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#timers[middle]
      if (other && (other.at < at || (other.at === at && other.sequence <= sequence))) low = middle + 1
      else high = middle
    }
    return low
  }

  /** When the next timer is due, in milliseconds since the epoch; undefined when none is armed. */
  nextTimerAt(): number | undefined {
    return this.#timers[0]?.at
  }

  /** Moves on by `ms` milliseconds and fires every timer that falls due on the way, in order. */
  advance(ms: number): void {
    const until = this.#nowMs + ms
    for (let timer = this.#timers[0]; timer && timer.at <= until; timer = this.#timers[0]) {
      this.#timers.shift()
      this.#nowMs = timer.at
      timer.callback()
    }
    this.#nowMs = until
  }

  /** Like `advance`, but lets promises settle between two timers. */
  async advanceAsync(ms: number): Promise<void> {
    const until = this.#nowMs + ms
    await settle()
    for (let at = this.nextTimerAt(); at !== undefined && at <= until; at = this.nextTimerAt()) {
      this.advance(at - this.#nowMs)
      await settle()
    }
    this.advance(until - this.#nowMs)
    await settle()
  }
}

/** Lets every promise that is ready run to its end. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
