import { ShoalError, type Clock, type Logger } from '@shoal/common'
import type { Store } from '../store/contract.js'
import { Committer, type Fence } from './committer.js'
import { Follower } from './follower.js'
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

/** The state of one manager: a warm copy that follows the store, and from `lead` on the one that writes it. */
export class LiveState extends MemoryState implements State {
  readonly #follower: Follower
  readonly #committer: Committer
  readonly #signal: AbortSignal
  #leads = false

  /** Use `openState`. */
  constructor(options: OpenStateOptions) {
    super()
    this.#signal = options.signal
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
   * @throws ShoalError `unavailable` when `signal` (of the state) aborts meanwhile
   */
  async lead(fence: Fence): Promise<void> {
    this.#committer.setFence(fence)
    await this.#follower.reached(fence.revision, this.#signal)
    if (this.#signal.aborted) throw new ShoalError('unavailable', 'the manager is stopping')
    this.#leads = true
  }

  /** Aborts when a write was refused because another manager leads: this state will write no more. */
  get deposed(): AbortSignal {
    return this.#committer.deposed
  }

  async commit(mutations: readonly Mutation[]): Promise<void> {
    if (!this.#leads) throw new ShoalError('conflict', 'this manager is not the primary')
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
