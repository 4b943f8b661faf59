import { type Clock, isRetryable, type Logger, sleep } from '@shoal/common'
import { leaderKey, managersPrefix } from '../state/keys.js'
import type { Store, StoreEvent } from '../store/contract.js'
import type { ManagerInfo } from './campaign.js'

export interface DirectoryOptions {
  readonly store: Store
  readonly cluster: string
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}

const RETRY_DELAY_MS = 300

/** Who is alive and who leads, as the store last told: kept up to date by its watch until the signal aborts. */
export class ManagerDirectory {
  readonly #options: DirectoryOptions
  readonly #entries = new Map<string, ManagerInfo>()
  readonly #listeners = new Set<() => void>()

  private constructor(options: DirectoryOptions) {
    this.#options = options
  }

  /** @throws ShoalError `unavailable` when the store cannot be reached */
  static async open(options: DirectoryOptions): Promise<ManagerDirectory> {
    const directory = new ManagerDirectory(options)
    // Two small watches: one of the whole cluster would bring every write here once more.
    for (const prefix of [managersPrefix(options.cluster), leaderKey(options.cluster)]) {
      void directory.#follow(prefix, await directory.#load(prefix))
    }
    return directory
  }

  /** Absent while nobody leads. */
  leader(): ManagerInfo | undefined {
    return this.#entries.get(leaderKey(this.#options.cluster))
  }

  /** The managers that are alive, the primary first. */
  managers(): readonly ManagerInfo[] {
    const leader = this.leader()
    const others = [...this.#entries]
      .filter(([key, { managerId }]) => this.#isManager(key) && managerId !== leader?.managerId)
      .map(([, info]) => info)
    return leader ? [leader, ...others] : others
  }

  /** @returns ends the subscription */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #isManager(key: string): boolean {
    return key.startsWith(managersPrefix(this.#options.cluster))
  }

  async #load(prefix: string): Promise<number> {
    const { entries, revision } = await this.#options.store.snapshot(prefix)
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key)
    for (const { key, value } of entries) this.#entries.set(key, JSON.parse(value) as ManagerInfo)
    this.#tell()
    return revision
  }

  async #follow(prefix: string, from: number): Promise<void> {
    const { store, clock, log, signal } = this.#options
    let revision = from
    while (!signal.aborted) {
      try {
        for await (const batch of store.watch(prefix, revision, signal)) {
          if (batch.type === 'events') this.#take(batch.events)
        }
        await sleep(clock, RETRY_DELAY_MS, signal)
        if (!signal.aborted) revision = await this.#load(prefix)
      } catch (error) {
        if (!isRetryable(error)) log.error({ err: error }, 'cannot follow the managers, trying again')
        await sleep(clock, RETRY_DELAY_MS, signal)
      }
    }
  }

  #take(events: readonly StoreEvent[]): void {
    for (const event of events) {
      if (event.type === 'put') this.#entries.set(event.key, JSON.parse(event.value) as ManagerInfo)
      else this.#entries.delete(event.key)
    }
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
