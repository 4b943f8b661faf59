import { ShoalError } from '@shoal/common'
import { apiAddress, joinAddress } from './founding.js'
import { campaign, type Leadership, probeTcp, runTerms, type Term, untilRefused } from './leader/index.js'
import type { ManagerParts } from './manager.js'
import type { Membership } from './membership.js'
import type { Role } from './role.js'
import type { LiveState } from './state/index.js'
import type { Store } from './store/index.js'

/** After the silent end of the primary another manager may lead this much later, in milliseconds. */
const LEADER_TTL_MS = 5_000

export interface ElectionParts {
  readonly parts: ManagerParts
  readonly membership: Membership
  readonly store: Store
  readonly state: LiveState
  readonly role: Role
  /** Aborts when the store is about to be closed. */
  readonly signal: AbortSignal
}

/** This manager's part in the elections, from its start to its end. */
export class Election {
  readonly #options: ElectionParts
  readonly #ending = new AbortController()
  #first: Leadership | undefined
  #reclaim = true
  #running: Promise<void> | undefined

  constructor(options: ElectionParts) {
    this.#options = options
  }

  /**
   * For a cluster that is not founded yet: waits for the leadership, and makes the state writable by it.
   * @throws ShoalError `failed-precondition` when this manager may not found a cluster, `unavailable`
   */
  async winFirst(): Promise<void> {
    const { parts, state } = this.#options
    if (!parts.config.initialise) {
      throw new ShoalError('failed-precondition', 'the store does not hold the cluster of this manager')
    }
    this.#first = await this.#win()
    await state.lead(this.#first)
  }

  /** Takes part until `end`. @param begin starts what only the primary runs */
  run(begin: (term: Term) => void): void {
    const { parts, state, role } = this.#options
    this.#running = runTerms({
      state,
      win: () => this.#win(),
      begin: (term) => {
        begin(term)
        role.set(true)
        term.signal.addEventListener('abort', () => role.set(false), { once: true })
      },
      clock: parts.clock,
      log: parts.log,
      signal: this.#ending.signal,
    })
  }

  /** Lets go of the leadership, if this manager has it. */
  async end(): Promise<void> {
    this.#ending.abort()
    const { parts, role } = this.#options
    role.end()
    if (!this.#running) {
      await this.#first
        ?.resign()
        .catch((error: unknown) => parts.log.debug({ err: error }, 'lease left to expire'))
    }
    await this.#running
  }

  async #win(): Promise<Leadership> {
    const first = this.#first
    this.#first = undefined
    if (first) return first
    const { parts, membership, store, signal } = this.#options
    const { config, clock, log } = parts
    const probe = probeTcp(clock)
    const reclaim = this.#reclaim
    this.#reclaim = false
    return campaign({
      store,
      cluster: membership.clusterId,
      managerId: membership.nodeId,
      address: joinAddress(config),
      apiAddress: apiAddress(config),
      ttlMs: LEADER_TTL_MS,
      untilDead: ({ address }, until) => untilRefused(address, { clock, probe }, until),
      reclaim,
      clock,
      log,
      signal: AbortSignal.any([signal, this.#ending.signal]),
    })
  }
}
