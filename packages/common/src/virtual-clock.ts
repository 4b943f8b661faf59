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
    const later = this.#timers.findIndex((other) => other.at > timer.at)
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer)
    return () => {
      const index = this.#timers.indexOf(timer)
      if (index !== -1) this.#timers.splice(index, 1)
    }
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
