import { type Clock, type Logger, ShoalError } from '@shoal/common'
import {
  campaign,
  type Leadership,
  type ManagerInfo,
  type Probe,
  runTerms,
  type Term,
  untilRefused,
} from './leader/index.js'
import type { Role } from './role.js'
import type { LiveState } from './state/index.js'
import type { Store } from './store/index.js'

/** After the silent end of the primary another manager may lead this much later, in milliseconds. */
const LEADER_TTL_MS = 5_000

export interface ElectionParts {
  /** The cluster's ID. */
  readonly cluster: string
  /** What this manager tells of itself. */
  readonly info: ManagerInfo
  /** Whether it may found the cluster. */
  readonly initialise: boolean
  readonly store: Store
  readonly state: LiveState
  readonly role: Role
  /** Knocks at the primary's port. */
  readonly probe: Probe
  readonly clock: Clock
  readonly log: Logger
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
    const { initialise, state } = this.#options
    if (!initialise) {
      throw new ShoalError(
        'failed-precondition',
        'the store does not hold the cluster of this manager: bring it back from a backup (ctl swarm restore)',
      )
    }
    this.#first = await this.#win()
    await state.lead(this.#first)
  }

  /** Takes part until `end`. @param begin starts what only the primary runs */
  run(begin: (term: Term) => void): void {
    const { state, role, clock, log } = this.#options
    this.#running = runTerms({
      state,
      win: () => this.#win(),
      begin: (term) => {
        begin(term)
        role.set(true)
        term.signal.addEventListener('abort', () => role.set(false), { once: true })
      },
      clock,
      log,
      signal: this.#ending.signal,
    })
  }

  /** Lets go of the leadership, if this manager has it. */
  async end(): Promise<void> {
    this.#ending.abort()
    const { log, role } = this.#options
    role.end()
    if (!this.#running) {
      await this.#first?.resign().catch((error: unknown) => log.debug({ err: error }, 'lease left to expire'))
    }
    await this.#running
  }

  async #win(): Promise<Leadership> {
    const first = this.#first
    this.#first = undefined
    if (first) return first
    const { store, cluster, info, probe, clock, log, signal } = this.#options
    const reclaim = this.#reclaim
    this.#reclaim = false
    return campaign({
      ...info,
      store,
      cluster,
      ttlMs: LEADER_TTL_MS,
      untilDead: ({ address }, until) => untilRefused(address, { clock, probe }, until),
      reclaim,
      clock,
      log,
      signal: AbortSignal.any([signal, this.#ending.signal]),
    })
  }
}
