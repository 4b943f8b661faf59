import type { CancelTimer, Clock } from '@shoal/common'

/** How often this process makes sure that it has not been standing still, in milliseconds. */
const TICK_MS = 1_000
/** A silence of this process longer than this is its own fault and not the nodes', in milliseconds. */
const STANDSTILL_MS = 3_000
/** Agents that wait to be let in get grace for so long at the most, in milliseconds. */
const LONGEST_CROWD_MS = 120_000
/** After so long without word of a crowd, in milliseconds, the next is another one. */
const CROWD_IS_OVER_MS = 30_000

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
  /** When the present crowd was first told of, and when last. */
  #crowd: { readonly sinceMs: number; readonly lastMs: number } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#graceFromMs = clock.now()
    this.#lastTickMs = this.#graceFromMs
  }

  /**
   * Begins anew, with grace for every node, and watches this process itself until `signal` aborts.
   * @param comingMs within so many milliseconds agents are to come back: until then none of them is late
   */
  start(signal: AbortSignal, comingMs = 0): void {
    this.#lastMs.clear()
    this.#lastTickMs = this.#clock.now()
    this.#graceFromMs = this.#lastTickMs + comingMs
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
    this.#graceFromMs = Math.max(this.#graceFromMs, this.#clock.now())
  }

  /**
   * Agents had to be sent away unheard, because more came than this manager can let in: who is silent may be one of
   * them. Every node gets its full time again; but not for ever, for others may crowd the door to hide a dead node.
   */
  crowded(): void {
    const nowMs = this.#clock.now()
    const { sinceMs, lastMs } = this.#crowd ?? { sinceMs: nowMs, lastMs: nowMs }
    const isAnother = nowMs - lastMs > CROWD_IS_OVER_MS
    this.#crowd = { sinceMs: isAnother ? nowMs : sinceMs, lastMs: nowMs }
    if (nowMs - this.#crowd.sinceMs <= LONGEST_CROWD_MS) this.grantGrace()
  }

  /** The node is no longer of interest. */
  forget(nodeId: string): void {
    this.#lastMs.delete(nodeId)
  }

  #noticeStandstill(): void {
    const nowMs = this.#clock.now()
    if (nowMs - this.#lastTickMs <= STANDSTILL_MS) return
    this.grantGrace()
    this.#lastTickMs = nowMs
  }
}
