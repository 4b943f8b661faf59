import type { CancelTimer, Clock } from '@shoal/common'

interface Held {
  readonly work: () => void
  cancelled: boolean
}

/**
 * One process of a simulated machine. While it is paused nothing reaches it, neither its own timers nor
 * answers from outside; they wait. When it is killed nothing does any more.
 */
export class SimProcess {
  readonly name: string
  /** Its view of time: the same clock as everybody's, but its timers stand still with it. */
  readonly clock: Clock
  readonly #world: Clock
  #state: 'running' | 'paused' | 'dead' = 'running'
  #held: Held[] = []
  readonly #ending = new AbortController()
  readonly #listeners: (() => void)[] = []

  constructor(name: string, world: Clock) {
    this.name = name
    this.#world = world
    this.clock = {
      now: () => world.now(),
      setTimer: (delayMs, callback) => this.#setTimer(delayMs, callback),
    }
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  get isPaused(): boolean {
    return this.#state === 'paused'
  }

  /** Aborts when the process is over: lets the listeners of what it used go. */
  get ended(): AbortSignal {
    return this.#ending.signal
  }

  /** Calls `listener` whenever the process is paused, resumed or killed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Does something in the process: now, when it goes on, or never. */
  run(work: () => void): void {
    if (this.#state === 'running') work()
    else if (this.#state === 'paused') this.#held.push({ work, cancelled: false })
  }

  /** Resolves in the process after `delayMs` milliseconds; never, when it is dead by then. */
  delay(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.setTimer(delayMs, () => this.run(resolve))
    })
  }

  pause(): void {
    if (this.#state !== 'running') return
    this.#state = 'paused'
    this.#changed()
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    const held = this.#held
    this.#held = []
    // In their order, each in a turn of its own.
    held.forEach((each, index) => {
      this.#world.setTimer(index % 3, () => {
        if (!each.cancelled) this.run(each.work)
      })
    })
    this.#changed()
  }

  kill(): void {
    if (this.#state === 'dead') return
    this.#state = 'dead'
    this.#held = []
    this.#changed()
    this.#ending.abort()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }

  #setTimer(delayMs: number, callback: () => void): CancelTimer {
    const timer: Held = { work: callback, cancelled: false }
    const cancel = this.#world.setTimer(Math.ceil(delayMs), () => {
      if (timer.cancelled) return
      if (this.#state === 'running') callback()
      else if (this.#state === 'paused') this.#held.push(timer)
    })
    return () => {
      timer.cancelled = true
      cancel()
    }
  }
}
