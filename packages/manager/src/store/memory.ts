import { ShoalError } from '@shoal/common'
import type {
  CommitResult,
  Lease,
  Operation,
  Store,
  StoreEvent,
  StoreSnapshot,
  Transaction,
  WatchBatch,
} from './contract.js'
import { History } from './history.js'
import { LocalLeases } from './local-leases.js'
import { checkTransaction, comparesHold } from './transaction.js'

/** A new etcd begins with it, and so do the others. */
export const FIRST_REVISION = 1

type Put = Extract<StoreEvent, { type: 'put' }>

/**
 * A store that forgets everything with its process: for unit tests and the simulator. It passes the same
 * contract suite as the real ones. Several managers of one simulated cluster share one instance.
 */
export class MemoryStore implements Store {
  /** The latest put of each key that exists. */
  readonly #puts = new Map<string, Put>()
  readonly #leases = new LocalLeases()
  readonly #history: History
  #revision = FIRST_REVISION
  #reachable = true
  #closed = false

  /** @param historyEvents how many events of the past a watch can begin from */
  constructor(historyEvents?: number) {
    this.#history = new History(FIRST_REVISION, historyEvents)
  }

  async snapshot(prefix: string): Promise<StoreSnapshot> {
    this.#checkReachable()
    const entries = [...this.#puts.values()]
      .filter(({ key }) => key.startsWith(prefix))
      .map(({ key, value, revision }) => ({ key, value, revision }))
    return { revision: this.#revision, entries }
  }

  watch(prefix: string, afterRevision: number, signal: AbortSignal): AsyncIterable<WatchBatch> {
    return this.#history.watch(prefix, afterRevision, signal)
  }

  async commit(transaction: Transaction): Promise<CommitResult> {
    this.#checkReachable()
    checkTransaction(transaction)
    if (!comparesHold(transaction.compares, (key) => this.#puts.get(key)?.revision ?? 0)) {
      return { committed: false }
    }
    this.#leases.check(transaction.operations)
    this.#apply(transaction.operations)
    return { committed: true, revision: this.#revision }
  }

  async grantLease(_ttlMs: number): Promise<Lease> {
    this.#checkReachable()
    return this.#leases.grant(async (id) => this.#deleteAll(this.#leases.end(id)))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#history.close()
  }

  /** Forgets what happened up to and including `revision`, as etcd's operators do. */
  compact(revision: number): void {
    this.#history.compact(revision)
  }

  /** Ends a lease as if its holder had been silent for too long: its keys vanish and its holder hears of it. */
  expireLease(lease: Lease): void {
    this.#deleteAll(this.#leases.end(lease.id))
  }

  /** While it is not reachable, calls throw `unavailable`; watches go on where they stood. */
  setReachable(reachable: boolean): void {
    this.#reachable = reachable
  }

  #deleteAll(keys: readonly string[]): void {
    this.#apply(keys.map((key) => ({ type: 'delete', key })))
  }

  #apply(operations: readonly Operation[]): void {
    const revision = this.#revision + 1
    const events: StoreEvent[] = []
    for (const operation of operations) {
      if (operation.type === 'put') {
        const { value } = operation
        // One text of each key is enough, however often it is written.
        const key = this.#puts.get(operation.key)?.key ?? operation.key
        const event: Put = { type: 'put', key, value, revision }
        this.#puts.set(key, event)
        events.push(event)
      } else if (this.#puts.delete(operation.key)) {
        events.push({ type: 'delete', key: operation.key, revision })
      }
    }
    this.#leases.record(operations)
    if (events.length === 0) return
    this.#revision = revision
    this.#history.append(revision, events)
  }

  #checkReachable(): void {
    if (this.#closed) throw new ShoalError('unavailable', 'the store is closed')
    if (!this.#reachable) throw new ShoalError('unavailable', 'the store cannot be reached')
  }
}
