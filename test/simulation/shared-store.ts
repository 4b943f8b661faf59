import { ShoalError, type Clock } from '@shoal/common'
import { leaderKey } from '@shoal/manager/state/keys'
import type {
  CommitResult,
  Lease,
  Operation,
  Store,
  StoreSnapshot,
  Transaction,
  WatchBatch,
} from '@shoal/manager/store/contract'
import { MemoryStore } from '@shoal/manager/store/memory'
import type { Bug } from './bugs/index.js'
import type { Dice } from './dice.js'
import type { SimProcess } from './process.js'

/** One write that was carried out. `leader` is who held the leader key at that moment, by process name. */
export interface Written {
  readonly writer: string
  readonly leader: string | undefined
  readonly operations: readonly Operation[]
  readonly revision: number
}

export interface SharedStoreOptions {
  readonly cluster: string
  readonly clock: Clock
  readonly dice: Dice
  readonly onWrite: (written: Written) => void
}

/** The store that all managers of one simulated cluster share, with the faults that come between. */
export class SharedStore {
  readonly memory = new MemoryStore()
  readonly options: SharedStoreOptions
  /** Nobody reaches it. */
  isDown = false
  /** It answers, but takes nothing more: its disk is full. */
  isFull = false
  /** Added to every way there and back, in milliseconds. */
  slowness = 0
  #leader: { readonly process: string; readonly lease: string } | undefined

  constructor(options: SharedStoreOptions) {
    this.options = options
  }

  get leader(): string | undefined {
    return this.#leader?.process
  }

  /** Carries a transaction out, and tells of it before anybody else can do anything. */
  async commit(writer: string, transaction: Transaction): Promise<CommitResult> {
    const leader = this.leader
    const result = await this.memory.commit(transaction)
    if (!result.committed) return result
    const won = transaction.operations.find(
      (operation) => operation.type === 'put' && operation.key === leaderKey(this.options.cluster),
    )
    if (won?.type === 'put' && won.lease) this.#leader = { process: writer, lease: won.lease.id }
    this.options.onWrite({ writer, leader, operations: transaction.operations, revision: result.revision })
    return result
  }

  /** The lease's holder was silent for too long. */
  expire(lease: Lease): void {
    this.#leaseEnds(lease)
    this.memory.expireLease(lease)
  }

  async revoke(lease: Lease): Promise<void> {
    this.#leaseEnds(lease)
    await lease.revoke()
  }

  #leaseEnds(lease: Lease): void {
    if (this.#leader?.lease === lease.id) this.#leader = undefined
  }
}

/** The way of one manager to the store: it takes time, and it may be cut off. */
export class StoreClient implements Store {
  readonly #shared: SharedStore
  readonly #process: SimProcess
  readonly #bug: Bug | undefined
  readonly #held = new Set<{ readonly inner: Lease; readonly ttlMs: number }>()
  readonly #inner = new WeakMap<Lease, Lease>()
  #isCut = false
  /** Grows with every loss of the connection. */
  #losses = 0
  /** Counts the connections that broke, though another one was at hand. */
  #breaks = 0

  constructor(shared: SharedStore, process: SimProcess, bug: Bug | undefined) {
    this.#shared = shared
    this.#process = process
    this.#bug = bug
    process.onChange(() => this.connectionChanged())
  }

  get isCut(): boolean {
    return this.#isCut
  }

  /** Cuts this manager off from the store, or heals that. */
  setCut(cut: boolean): void {
    this.#isCut = cut
    this.connectionChanged()
  }

  async snapshot(prefix: string): Promise<StoreSnapshot> {
    const connection = await this.#request()
    const snapshot = await this.#shared.memory.snapshot(prefix)
    await this.#answer(connection)
    return snapshot
  }

  async commit(transaction: Transaction): Promise<CommitResult> {
    const connection = await this.#request()
    await this.#checkSpace(connection)
    const result = await this.#shared.commit(this.#process.name, this.#translated(transaction))
    await this.#answer(connection)
    return result
  }

  async *watch(prefix: string, afterRevision: number, signal: AbortSignal): AsyncIterable<WatchBatch> {
    for await (const batch of this.#shared.memory.watch(prefix, afterRevision, signal)) {
      await this.#process.delay(this.#latency())
      if (this.#bug === 'watch-runs-ahead' && batch.type === 'events') {
        // It says that it is up to date before it is.
        yield { ...batch, events: [] }
        await this.#process.delay(2_000)
      }
      while (!this.#connected && !signal.aborted) await this.#process.delay(100)
      if (signal.aborted) return
      yield batch
    }
  }

  async grantLease(ttlMs: number): Promise<Lease> {
    const connection = await this.#request()
    await this.#checkSpace(connection)
    const inner = await this.#shared.memory.grantLease(ttlMs)
    const lost = new AbortController()
    const held = { inner, ttlMs }
    this.#held.add(held)
    const tell = (): void => {
      this.#held.delete(held)
      // Its holder hears of it some time later, and does not act on it before: the fence has to hold meanwhile.
      const toldMs = this.#shared.options.dice.between(0, 1_500)
      this.#process.clock.setTimer(toldMs, () => lost.abort(inner.lost.reason))
    }
    inner.lost.addEventListener('abort', tell, { once: true })
    const revoke = async (): Promise<void> => {
      await this.#request()
      await this.#shared.revoke(inner)
    }
    const lease: Lease = { id: inner.id, lost: lost.signal, revoke }
    this.#inner.set(lease, inner)
    if (!this.#connected) this.#expireLater(held)
    await this.#answer(connection)
    return lease
  }

  async close(): Promise<void> {
    // The store outlives its clients.
  }

  /** Its connections break, as when the member of etcd at their other end is lost: what was under way gets no answer. */
  breakConnections(): void {
    this.#breaks++
  }

  /** The store has become reachable, or no longer is. */
  connectionChanged(): void {
    if (this.#connected) {
      this.#losses++
      return
    }
    this.#losses++
    for (const held of this.#held) this.#expireLater(held)
  }

  get #connected(): boolean {
    return this.#process.isRunning && !this.#isCut && !this.#shared.isDown
  }

  /** Without a sign of life the lease ends after its time, counted from the latest one. */
  #expireLater({ inner, ttlMs }: { inner: Lease; ttlMs: number }): void {
    const { clock, dice } = this.#shared.options
    const losses = this.#losses
    const tick = (): void => {
      if (this.#losses !== losses) return
      // Nobody ends leases while the store itself is down.
      if (this.#shared.isDown) clock.setTimer(500, tick)
      else this.#shared.expire(inner)
    }
    clock.setTimer(dice.between(ttlMs * 0.6, ttlMs + 1_000), tick)
  }

  #latency(): number {
    return this.#shared.options.dice.between(1, 3) + this.#shared.slowness
  }

  /**
   * The request's way: once it is sent, it arrives even if its sender stops or dies.
   * @returns which connection it took
   */
  async #request(): Promise<number> {
    if (!this.#connected) await this.#fail()
    const connection = this.#breaks
    const { clock } = this.#shared.options
    await new Promise<void>((resolve) => clock.setTimer(this.#latency(), resolve))
    if (this.#isCut || this.#shared.isDown) await this.#fail()
    return connection
  }

  /** The answer's way: when it is lost, the outcome is unknown. */
  async #answer(connection: number): Promise<void> {
    await this.#process.delay(this.#latency())
    if (!this.#connected || connection !== this.#breaks) await this.#fail()
  }

  async #checkSpace(connection: number): Promise<void> {
    if (!this.#shared.isFull) return
    await this.#answer(connection)
    throw new ShoalError('unavailable', 'the store cannot write: no space is left')
  }

  async #fail(): Promise<never> {
    await this.#process.delay(this.#shared.options.dice.between(200, 2_000))
    throw new ShoalError('unavailable', 'the store cannot be reached')
  }

  #translated({ compares, operations }: Transaction): Transaction {
    const fence = leaderKey(this.#shared.options.cluster)
    return {
      compares:
        this.#bug === 'no-fencing'
          ? compares.filter(({ key, revision }) => key !== fence || revision === 0)
          : compares,
      operations: operations.map((operation) => {
        const lease = operation.type === 'put' ? operation.lease : undefined
        const inner = lease && this.#inner.get(lease)
        return inner ? { ...operation, lease: inner } : operation
      }),
    }
  }
}
