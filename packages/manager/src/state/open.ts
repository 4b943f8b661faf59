import { ShoalError, type Clock, type Logger } from '@shoal/common'
import type { Store } from '../store/contract.js'
import { Committer, type Fence } from './committer.js'
import { Follower } from './follower.js'
import { LeaderLook } from './leader-look.js'
import { MemoryState } from './memory-state.js'
import type { Mutation } from './records.js'
import type { State } from './state.js'

export interface OpenStateOptions {
  readonly store: Store
  /** The cluster's ID: everything stands below `/shoal/<cluster>/`. */
  readonly cluster: string
  readonly clock: Clock
  readonly log: Logger
  /** Ends the following of the store; afterwards the state must not be used. */
  readonly signal: AbortSignal
}

/**
 * The state of one manager: a warm copy that follows the store, and from `lead` to `stepDown` the one that writes
 * it. It may lead again: each term has a fence and a queue of its own, so that nothing of one gets into the next.
 */
export class LiveState extends MemoryState implements State {
  readonly #options: OpenStateOptions
  readonly #follower: Follower
  #committer: Committer
  #leads = false
  #look: LeaderLook | undefined

  /** Use `openState`. */
  constructor(options: OpenStateOptions) {
    super()
    this.#options = options
    this.#follower = new Follower({ ...options, memory: this })
    this.#committer = new Committer({ ...options, memory: this })
  }

  /** Loads everything. @throws ShoalError `unavailable` when the store cannot be reached */
  async load(): Promise<void> {
    await this.#follower.start()
  }

  /**
   * From now on this manager writes, as long as `fence` holds. Resolves when memory holds all that the
   * managers before it have written.
   * @param signal gives up the wait, beside the signal of the state
   * @throws ShoalError `unavailable` when a signal aborts meanwhile
   */
  async lead(fence: Fence, signal = this.#options.signal): Promise<void> {
    this.stepDown()
    const committer = new Committer({ ...this.#options, memory: this })
    committer.setFence(fence)
    this.#committer = committer
    const given = AbortSignal.any([signal, this.#options.signal])
    await this.#follower.reached(fence.revision, given)
    if (given.aborted || committer.deposed.aborted) {
      throw new ShoalError('unavailable', 'the term has ended before it began')
    }
    this.#look = new LeaderLook(this.#options.store, fence)
    this.#leads = true
  }

  /** Ends the term: what waits to be written is refused, and so is what comes later. */
  stepDown(): void {
    this.#leads = false
    this.#committer.depose()
  }

  /** Of the present term; aborts when a write was refused because another manager leads, or by `stepDown`. */
  get deposed(): AbortSignal {
    return this.#committer.deposed
  }

  async confirmLead(): Promise<void> {
    const committer = this.#committer
    if (!this.#leads) throw notPrimary()
    if (await this.#look?.holds()) return
    committer.depose()
    throw notPrimary()
  }

  async commit(mutations: readonly Mutation[]): Promise<void> {
    if (!this.#leads) throw notPrimary()
    await this.#committer.commit(mutations)
  }
}

/**
 * Loads the cluster's records into memory and follows the store until `signal` aborts.
 * It is read-only until `lead` has been called.
 * @throws ShoalError `unavailable` when the store cannot be reached
 */
export async function openState(options: OpenStateOptions): Promise<LiveState> {
  const state = new LiveState(options)
  await state.load()
  return state
}

function notPrimary(): ShoalError {
  return new ShoalError('conflict', 'this manager is not the primary')
}
