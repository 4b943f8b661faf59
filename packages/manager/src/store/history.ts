import type { StoreEvent, WatchBatch } from './contract.js'

interface Batch {
  readonly revision: number
  readonly events: readonly StoreEvent[]
}

/** How many events of the past a store in this process keeps for watches that are behind. */
export const DEFAULT_HISTORY_EVENTS = 20_000

/**
 * The changes of a store in this process, revision by revision, bounded in number. Watches read from it at
 * their own pace, so a slow one costs no memory: it is told `compacted` when it is too far behind.
 */
export class History {
  readonly #maxEvents: number
  #batches: Batch[] = []
  #eventCount = 0
  /** What happened up to this revision is no longer known. */
  #compacted: number
  #closed = false
  readonly #sleepers = new Set<() => void>()

  /** @param revision the store's revision at present: nothing before it is known */
  constructor(revision: number, maxEvents = DEFAULT_HISTORY_EVENTS) {
    this.#compacted = revision
    this.#maxEvents = maxEvents
  }

  /** Adds the events of one revision, which is the one after the latest. */
  append(revision: number, events: readonly StoreEvent[]): void {
    this.#batches.push({ revision, events })
    this.#eventCount += events.length
    if (this.#eventCount > 2 * this.#maxEvents) this.#trim()
    this.#wake()
  }

  /** Forgets what happened up to and including `revision`. */
  compact(revision: number): void {
    const kept = this.#batches.filter((batch) => batch.revision > revision)
    const latest = this.#batches.at(-1)?.revision ?? this.#compacted
    this.#compacted = Math.max(this.#compacted, Math.min(revision, latest))
    this.#batches = kept
    this.#eventCount = kept.reduce((sum, batch) => sum + batch.events.length, 0)
    this.#wake()
  }

  /** Ends every watch. */
  close(): void {
    this.#closed = true
    this.#wake()
  }

  async *watch(prefix: string, afterRevision: number, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    let seen = afterRevision
    while (!signal.aborted && !this.#closed) {
      if (seen < this.#compacted) {
        yield { type: 'compacted' }
        return
      }
      const batch = this.#next(seen)
      if (batch === undefined) {
        await this.#untilWoken(signal)
        continue
      }
      seen = batch.revision
      const events = batch.events.filter((event) => event.key.startsWith(prefix))
      if (events.length > 0) yield { type: 'events', revision: batch.revision, events }
    }
  }

  /** The first batch after a revision. Revisions have no gaps, so its place can be reckoned. */
  #next(afterRevision: number): Batch | undefined {
    const first = this.#batches[0]
    return first && this.#batches[Math.max(afterRevision + 1 - first.revision, 0)]
  }

  #trim(): void {
    let drop = 0
    while (this.#eventCount > this.#maxEvents) this.#eventCount -= this.#batches[drop++]?.events.length ?? 0
    for (const batch of this.#batches.splice(0, drop)) this.#compacted = batch.revision
  }

  #wake(): void {
    for (const wake of this.#sleepers) wake()
  }

  #untilWoken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#sleepers.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}
