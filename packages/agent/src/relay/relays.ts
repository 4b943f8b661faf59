import { type Clock, type Logger, ShoalError } from '@shoal/common'
import type { DispatcherClient } from '@shoal/proto'
import type { Owner } from './owner.js'
import { carry } from './carry.js'

/** A manager that asks for more at the same time is refused: each holds a connection to the engine and its buffers. */
export const DEFAULT_RELAYS = { limit: 1_000 } as const

export interface RelayOptions {
  /** The engine's Unix socket. */
  readonly socketPath: string
  readonly owner: Owner
  /** How many may be open at the same time. */
  readonly limit: number
  readonly clock: Clock
  readonly log: Logger
}

/** The relays of one host: each lives from the manager's wish to the end of either side. */
export class Relays {
  readonly #options: RelayOptions
  #open = 0

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /**
   * Calls the manager for the relay that it asked for, and carries the request out. Returns at once.
   * @param client to the manager that asked
   * @param signal ends the relay, whatever it is at
   */
  open(client: DispatcherClient, id: string, signal: AbortSignal): void {
    const { limit, log } = this.#options
    const refusal =
      this.#open < limit
        ? undefined
        : new ShoalError('unavailable', `this node has ${limit} streams open: it takes no more`)
    this.#open++
    carry({ ...this.#options, client, id, refusal, signal })
      .catch((error: unknown) => log.warn({ err: error, relay: id }, 'a relay failed'))
      .finally(() => this.#open--)
  }
}
