import { isRetryable, sleep, type Clock, type Logger } from '@shoal/common'
import type { Entry, Store, StoreEvent } from '../store/contract.js'
import { decode } from './codec.js'
import { clusterPrefix, placeOf } from './keys.js'
import type { MemoryState, Written } from './memory-state.js'

export interface FollowerOptions {
  readonly store: Store
  readonly memory: MemoryState
  readonly cluster: string
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}

const RETRY_DELAY_MS = 500

/**
 * Holds memory up to date with what others write to the store: the primary's writes on a secondary, and on
 * the primary a write of its own whose acknowledgement was lost on the way.
 */
export class Follower {
  readonly #options: FollowerOptions
  #position = 0
  readonly #waiters = new Set<() => void>()

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** Loads everything, then follows until the signal aborts. @throws ShoalError `unavailable` */
  async start(): Promise<void> {
    await this.#load()
    void this.#follow()
  }

  /** Resolves when memory holds everything that was written up to `revision`, or when `signal` aborts. */
  async reached(revision: number, signal: AbortSignal): Promise<void> {
    while (this.#position < revision && !signal.aborted) await this.#nextAdvance(signal)
  }

  async #load(): Promise<void> {
    const { store, memory, cluster } = this.#options
    const { entries, revision } = await store.snapshot(clusterPrefix(cluster))
    memory.replaceAll(
      entries.flatMap((entry) => this.#toWritten(entry) ?? []),
      revision,
    )
    this.#advance(revision)
  }

  async #follow(): Promise<void> {
    const { clock, log, signal } = this.#options
    while (!signal.aborted) {
      try {
        await this.#watch()
        if (!signal.aborted) await this.#load()
      } catch (error) {
        if (signal.aborted) return
        const level = isRetryable(error) ? 'warn' : 'error'
        log[level]({ err: error }, 'cannot follow the store, trying again')
        await sleep(clock, RETRY_DELAY_MS, signal)
      }
    }
  }

  /** Returns when the store no longer has what came next, or the signal aborts. */
  async #watch(): Promise<void> {
    const { store, memory, cluster, clock, log, signal } = this.#options
    for await (const batch of store.watch(clusterPrefix(cluster), this.#position, signal)) {
      if (batch.type === 'compacted') {
        log.warn({ revision: this.#position }, 'the store forgot what came next: loading everything anew')
        return
      }
      // The primary hears its own writes again. What is loaded anew must be whole, though: what lacks there is deleted.
      const news = batch.events.filter(({ revision }) => !memory.knowsAllOf(revision))
      memory.apply(news.flatMap((event) => this.#toWritten(event) ?? []))
      this.#advance(batch.revision)
    }
    // A closed store ends its watches at once: without a rest this would spin until the signal aborts.
    await sleep(clock, RETRY_DELAY_MS, signal)
  }

  #advance(revision: number): void {
    this.#position = Math.max(this.#position, revision)
    this.#options.memory.completeUpTo(this.#position)
    for (const waiter of this.#waiters) waiter()
  }

  /** @returns undefined for keys that hold no record */
  #toWritten(from: Entry | StoreEvent): Written | undefined {
    const { memory, cluster } = this.#options
    const place = placeOf(cluster, from.key)
    if (place === undefined) return undefined
    const { revision } = from
    if (!('value' in from)) return { ...place, revision }
    // What is known need not be parsed.
    const known = memory.at(place.kind, place.slot)
    if (known?.Version.Index === revision) return { ...place, revision, record: known } as Written
    return { ...place, revision, record: decode(place.kind, from.key, from.value, revision) } as Written
  }

  #nextAdvance(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiters.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
