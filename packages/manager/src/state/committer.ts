import { isRetryable, ShoalError, sleep, toTimestamp, type Clock } from '@shoal/common'
import type { ObjectVersion } from '@shoal/engine-api'
import { MAX_TRANSACTION_OPERATIONS, type Compare, type Operation, type Store } from '../store/contract.js'
import { decode, encode } from './codec.js'
import { Fifo } from './fifo.js'
import { chainKey, keyMaker, slotOf, type KeyMaker, type RecordPlace } from './keys.js'
import type { MemoryState, Written } from './memory-state.js'
import type { Kind, Mutation, Records } from './records.js'
import { WriteChain, type Link, type Outcome } from './write-chain.js'

/** The key by which this manager leads, at the revision at which it won it. */
export interface Fence {
  readonly key: string
  readonly revision: number
}

/** How many mutations fit into one unit: each takes a compare, and so do the leader key and the chain's. */
export const MAX_UNIT_MUTATIONS = MAX_TRANSACTION_OPERATIONS - 2

/** etcd refuses requests beyond 1.5 MiB; merged units stay well below. */
const MAX_MERGED_BYTES = 1_000_000

/**
 * How long a unit is kept when the store cannot be reached: long enough for an etcd that has lost a member to choose
 * another leader, and no longer than a user waits gladly.
 */
const PATIENCE_MS = 5_000
const RETRY_DELAY_MS = 100

interface Step extends RecordPlace {
  readonly key: string
  /** The one that the mutation was decided on: so a step is its own compare. */
  readonly revision: number
  /** Absent: delete. */
  readonly put?: { readonly draft: Draft; readonly text: string }
}

/** A record that gets its version when it has been written: one copy for each write is enough. */
type Draft = Omit<Records[Kind], 'Version'> & { Version: ObjectVersion | undefined }

interface Unit {
  readonly steps: readonly Step[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Unsettled {
  readonly steps: readonly Step[]
  readonly link: Link
}

export interface CommitterOptions {
  readonly store: Store
  readonly memory: MemoryState
  readonly cluster: string
  readonly clock: Clock
}

/**
 * Writes units of mutations through the store, one transaction at a time; units that are ready together travel
 * together. Memory changes when the store has acknowledged, before the unit resolves. After a write whose outcome is
 * unknown nothing is written until it is known; if it was lost, it is written again. What had to wait too long is
 * refused, and what was decided meanwhile is to be decided anew.
 */
export class Committer {
  readonly #options: CommitterOptions
  readonly #queue = new Fifo<Unit>()
  readonly #deposed = new AbortController()
  readonly #keyOf: KeyMaker
  #fence: Fence | undefined
  #chain: WriteChain
  /** The transaction whose outcome is unknown. */
  #unsettled: Unsettled | undefined
  #draining = false

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#keyOf = keyMaker(options.cluster)
    this.#chain = new WriteChain(options.store, chainKey(options.cluster), 0)
  }

  /** Aborts when the store has refused a write because another manager leads, and by `depose`. */
  get deposed(): AbortSignal {
    return this.#deposed.signal
  }

  /** Refuses what waits, and all that comes. A transaction on its way is left to the fence. */
  depose(): void {
    this.#deposed.abort(deposedError())
  }

  /** Every transaction from now on compares this key. */
  setFence(fence: Fence): void {
    this.#fence = fence
    this.#chain = new WriteChain(this.#options.store, chainKey(this.#options.cluster), fence.revision)
  }

  /** See State.commit. */
  commit(mutations: readonly Mutation[]): Promise<void> {
    const steps = this.#toSteps(mutations)
    if (steps.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const bytes = steps.reduce((sum, step) => sum + step.key.length + (step.put?.text.length ?? 0), 0)
      this.#queue.add({ steps, bytes, resolve, reject })
      void this.#drain()
    })
  }

  #toSteps(mutations: readonly Mutation[]): Step[] {
    if (mutations.length > MAX_UNIT_MUTATIONS) {
      throw new ShoalError(
        'invalid-argument',
        `${mutations.length} records cannot be written together, only ${MAX_UNIT_MUTATIONS}`,
      )
    }
    const updatedAt = toTimestamp(this.#options.clock.now())
    const steps = mutations.map((mutation) => this.#toStep(mutation, updatedAt))
    if (steps.length > 1 && hasTwoOfOne(steps)) {
      throw new ShoalError('invalid-argument', 'one record is written twice in one unit')
    }
    return steps
  }

  #toStep(mutation: Mutation, updatedAt: string): Step {
    const { kind } = mutation
    const slot = slotOf(kind, mutation.record)
    const key = this.#keyOf(kind, slot)
    const revision = mutation.record.Version.Index
    if (mutation.type === 'delete') {
      if (revision === 0)
        throw new ShoalError('invalid-argument', `${key} was never stored: it cannot be deleted`)
      return { kind, slot, key, revision }
    }
    const draft = draftOf(mutation, updatedAt)
    return { kind, slot, key, revision, put: { draft, text: encode(draft) } }
  }

  async #drain(): Promise<void> {
    if (this.#draining) return
    this.#draining = true
    // Whoever else commits in this turn travels along.
    await Promise.resolve()
    while (this.#queue.size > 0) {
      if (this.#unsettled) await this.#settle(this.#unsettled)
      else await this.#write(this.#takeBatch())
    }
    this.#draining = false
  }

  /** Takes units off the queue that can travel together; those that are out of date are refused on the way. */
  #takeBatch(): Unit[] {
    const batch: Unit[] = []
    const keys = new Set<string>()
    let [count, bytes] = [0, 0]
    for (let unit = this.#queue.first; unit !== undefined; unit = this.#queue.first) {
      const refusal = this.#refusalOf(unit)
      if (refusal === undefined) {
        const fits = count + unit.steps.length <= MAX_UNIT_MUTATIONS && bytes + unit.bytes <= MAX_MERGED_BYTES
        if (batch.length > 0 && (!fits || unit.steps.some(({ key }) => keys.has(key)))) break
        count += unit.steps.length
        bytes += unit.bytes
        // A full transaction takes no other unit, so that nobody will ask.
        if (count < MAX_UNIT_MUTATIONS) for (const { key } of unit.steps) keys.add(key)
        batch.push(unit)
      }
      this.#queue.take()
      if (refusal !== undefined) unit.reject(refusal)
    }
    return batch
  }

  #refusalOf(unit: Unit): ShoalError | undefined {
    if (this.#deposed.signal.aborted) return deposedError()
    const { memory } = this.#options
    const stale = unit.steps.find(
      ({ kind, slot, revision }) => revision !== (memory.at(kind, slot)?.Version.Index ?? 0),
    )
    return stale && changedError(stale)
  }

  /** @param untilMs how long units are kept whose outcome is unknown, in milliseconds since the epoch */
  async #write(units: readonly Unit[], untilMs = this.#options.clock.now() + PATIENCE_MS): Promise<void> {
    if (units.length === 0) return
    try {
      if (await this.#transact(units)) return
      const only = units.length === 1 ? units[0] : undefined
      if (only) only.reject(await this.#whyLost(only))
      else await this.#writeSingly(units)
    } catch (error) {
      const outcome = isRetryable(error) ? await this.#untilKnown(untilMs) : undefined
      if (outcome?.type === 'arrived') for (const unit of units) unit.resolve()
      else if (outcome?.type === 'lost') await this.#writeAgain(units, untilMs)
      else for (const unit of units) unit.reject(this.#deposed.signal.aborted ? deposedError() : error)
    }
  }

  /** Memory may have changed since they were decided on. */
  async #writeAgain(units: readonly Unit[], untilMs: number): Promise<void> {
    const current: Unit[] = []
    for (const unit of units) {
      const refusal = this.#refusalOf(unit)
      if (refusal) unit.reject(refusal)
      else current.push(unit)
    }
    await this.#write(current, untilMs)
  }

  /** @returns what became of the write that has just failed; undefined when that is not known in time */
  async #untilKnown(untilMs: number): Promise<Outcome | undefined> {
    const { clock } = this.#options
    const { signal } = this.#deposed
    while (!signal.aborted && clock.now() < untilMs) {
      await sleep(clock, RETRY_DELAY_MS, signal)
      // It failed before it was sent.
      if (!this.#unsettled) return { type: 'lost' }
      try {
        return await this.#learn(this.#unsettled)
      } catch (error) {
        if (!isRetryable(error)) return undefined
      }
    }
    return undefined
  }

  /** Brings memory up to date with a write whose outcome was unknown. @throws ShoalError `unavailable` */
  async #learn({ steps, link }: Unsettled): Promise<Outcome> {
    const outcome = await this.#chain.settle(link, this.#fenceCompare())
    this.#unsettled = undefined
    if (outcome.type === 'deposed') this.#deposed.abort(deposedError())
    if (outcome.type === 'arrived') this.#remember(steps, outcome.revision)
    return outcome
  }

  /** Before anything else is written. Whatever waits was decided without knowing. */
  async #settle(unsettled: Unsettled): Promise<void> {
    let refusal: unknown = new ShoalError('conflict', 'an earlier write has only now become known')
    try {
      const outcome = await this.#learn(unsettled)
      if (outcome.type === 'lost') return
      if (outcome.type === 'deposed') refusal = deposedError()
    } catch (error) {
      refusal = error
    }
    for (const unit of this.#queue.takeAll()) unit.reject(refusal)
  }

  /** One of the units has lost its compare: each stands for itself. */
  async #writeSingly(units: readonly Unit[]): Promise<void> {
    for (const unit of units) {
      const refusal = this.#unsettled ? unsettledError() : this.#refusalOf(unit)
      if (refusal) unit.reject(refusal)
      else await this.#write([unit])
    }
  }

  /** @returns false when a compare did not hold, and nothing was written */
  async #transact(units: readonly Unit[]): Promise<boolean> {
    const steps = units.flatMap((unit) => unit.steps)
    const link = await this.#chain.next()
    this.#unsettled = { steps, link }
    const result = await this.#options.store.commit({
      compares: [...this.#fenceCompare(), link.compare, ...steps],
      operations: [...steps.map(toOperation), link.operation],
    })
    this.#unsettled = undefined
    if (!result.committed) return false
    this.#chain.added(result.revision)
    this.#remember(steps, result.revision)
    for (const unit of units) unit.resolve()
    return true
  }

  #remember(steps: readonly Step[], revision: number): void {
    const version = { Index: revision }
    const writes = steps.map((step) => toWritten(step, version))
    this.#options.memory.applyOwn(writes, revision)
  }

  #fenceCompare(): Compare[] {
    return this.#fence ? [this.#fence] : []
  }

  /**
   * The store disagrees with memory: somebody else leads, or an earlier write whose outcome was unknown did
   * arrive after all. Brings the unit's records up to date, so that planning anew can succeed.
   */
  async #whyLost(unit: Unit): Promise<ShoalError> {
    const { store, memory } = this.#options
    if (this.#fence && (await revisionOf(store, this.#fence.key)) !== this.#fence.revision) {
      this.#deposed.abort(deposedError())
      return deposedError()
    }
    this.#chain.forget()
    for (const step of unit.steps) memory.apply([await readWritten(store, step, step.key)])
    const [first] = unit.steps
    return first ? changedError(first) : new ShoalError('internal', 'an empty unit has lost its compare')
  }
}

/** Tasks apart: where records of few shapes come by, the engine copies them several times as fast. */
function draftOf({ kind, record }: Mutation, UpdatedAt: string): Draft & { Version: undefined } {
  return kind === 'task'
    ? { ...record, UpdatedAt, Version: undefined }
    : { ...record, UpdatedAt, Version: undefined }
}

function hasTwoOfOne(steps: readonly Step[]): boolean {
  // IDs are at hand, and mostly tell: keys would have to be put together for it.
  const slots = new Set<string>()
  for (const { slot } of steps) slots.add(slot)
  return slots.size < steps.length && new Set(steps.map(({ key }) => key)).size < steps.length
}

function toOperation({ key, put }: Step): Operation {
  return put ? { type: 'put', key, value: put.text } : { type: 'delete', key }
}

/** @param version of all that was written together */
function toWritten({ kind, slot, put }: Step, version: ObjectVersion): Written {
  const { Index: revision } = version
  if (put === undefined) return { kind, slot, revision }
  const { draft } = put
  draft.Version = version
  return { kind, slot, revision, record: draft } as Written
}

async function revisionOf(store: Store, key: string): Promise<number> {
  const { entries } = await store.snapshot(key)
  return entries.find((entry) => entry.key === key)?.revision ?? 0
}

async function readWritten(store: Store, place: RecordPlace, key: string): Promise<Written> {
  const { entries, revision } = await store.snapshot(key)
  const entry = entries.find((candidate) => candidate.key === key)
  const { kind, slot } = place
  if (entry === undefined) return { kind, slot, revision }
  const record = decode(kind, key, entry.value, entry.revision)
  return { kind, slot, revision: entry.revision, record } as Written
}

function changedError({ kind, slot }: Step): ShoalError {
  return new ShoalError('conflict', `the ${kind} ${slot} has changed since it was read`)
}

function unsettledError(): ShoalError {
  return new ShoalError('unavailable', 'the outcome of an earlier write is not known yet')
}

function deposedError(): ShoalError {
  return new ShoalError('conflict', 'this manager is no longer the primary')
}
