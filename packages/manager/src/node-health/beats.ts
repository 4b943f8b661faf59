import type { CancelTimer, Clock } from '@shoal/common'

/** How often this process makes sure that it has not been standing still, in milliseconds. */
const TICK_MS = 1_000
/** A silence of this process longer than this is its own fault and not the nodes', in milliseconds. */
const STANDSTILL_MS = 3_000

/**
 * When each node was last heard of; in memory only. A node that was not heard of since this manager began
 * counts from that beginning, and so does every node after this process stood still (a suspended machine, a
 * paused container): what the nodes sent meanwhile has not been read yet.
 */
export class Beats {
  readonly #lastMs = new Map<string, number>()
  readonly #clock: Clock
  #graceFromMs: number
  #lastTickMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#graceFromMs = clock.now()
    this.#lastTickMs = this.#graceFromMs
  }

  /** Begins anew, with grace for every node, and watches this process itself until `signal` aborts. */
  start(signal: AbortSignal): void {
    this.#lastMs.clear()
    this.#graceFromMs = this.#clock.now()
    this.#lastTickMs = this.#graceFromMs
    let cancel: CancelTimer
    const tick = (): void => {
      this.#noticeStandstill()
      this.#lastTickMs = this.#clock.now()
      cancel = this.#clock.setTimer(TICK_MS, tick)
    }
    cancel = this.#clock.setTimer(TICK_MS, tick)
    signal.addEventListener('abort', () => cancel(), { once: true })
  }

  /** The node has just been heard of. */
  beat(nodeId: string): void {
    this.#lastMs.set(nodeId, this.#clock.now())
  }

  /** When the node was last heard of, or may be taken to have been: milliseconds since the epoch. */
  lastBeatMs(nodeId: string): number {
    this.#noticeStandstill()
    return Math.max(this.#lastMs.get(nodeId) ?? 0, this.#graceFromMs)
  }

  /** From now on every node gets its full time again: they are about to be told of another period. */
  grantGrace(): void {
    this.#graceFromMs = this.#clock.now()
  }

  /** The node is no longer of interest. */
  forget(nodeId: string): void {
    this.#lastMs.delete(nodeId)
  }

  #noticeStandstill(): void {
    const nowMs = this.#clock.now()
    if (nowMs - this.#lastTickMs <= STANDSTILL_MS) return
    this.#graceFromMs = nowMs
    this.#lastTickMs = nowMs
  }
}
