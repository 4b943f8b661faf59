import { sleep, type Clock } from '@shoal/common'

/** After so many milliseconds of decisions others get their turn. */
const SLICE_MS = 15

/**
 * The time that loops have for decisions in one turn of the event loop. Those that share it stop together when it is
 * used up: heartbeats, and what the store answers, come next, however many loops have something to do.
 */
export class Turns {
  readonly #clock: Clock
  /** Spent since the last pause, in milliseconds. */
  #spentMs = 0
  #pause: Promise<void> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  spend(ms: number): void {
    this.#spentMs += ms
  }

  get isOver(): boolean {
    return this.#spentMs >= SLICE_MS
  }

  /** Resolves in the next turn of the event loop: for all that wait, in the order in which they began to. */
  next(): Promise<void> {
    this.#pause ??= this.#rest()
    return this.#pause
  }

  async #rest(): Promise<void> {
    await sleep(this.#clock, 0)
    this.#pause = undefined
    this.#spentMs = 0
  }
}
