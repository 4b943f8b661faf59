import { type Clock, type Logger, messageOf, sleep } from '@shoal/common'
import { Listener, type Responder } from './listener.js'

export interface ServerOptions {
  readonly port: number
  /** How long after a failure an address is tried again, in milliseconds. */
  readonly retryMs: number
  readonly clock: Clock
  readonly log: Logger
  /** Who answers what is sent to the gateway of a network. */
  readonly responder: (networkId: string) => Responder
}

/** A network, and the address on which its containers ask. */
export interface Gateway {
  readonly networkId: string
  readonly address: string
}

interface Place extends Gateway {
  readonly gone: AbortController
}

/**
 * Listens on every gateway of this host. A bridge comes after its network is heard of, and may be made anew at any
 * time, so an address that cannot be bound is tried until it can or is not wanted any more.
 */
export class Server {
  readonly #options: ServerOptions
  readonly #places = new Map<string, Place>()

  constructor(options: ServerOptions) {
    this.#options = options
  }

  /** Listens on these addresses, and on no others. */
  listenOn(gateways: readonly Gateway[]): void {
    const wanted = new Map(gateways.map((gateway) => [gateway.networkId, gateway]))
    for (const [networkId, place] of this.#places) {
      if (wanted.get(networkId)?.address === place.address) continue
      place.gone.abort()
      this.#places.delete(networkId)
    }
    for (const gateway of wanted.values()) {
      if (this.#places.has(gateway.networkId)) continue
      const place = { ...gateway, gone: new AbortController() }
      this.#places.set(gateway.networkId, place)
      void this.#keepOpen(place)
    }
  }

  async #keepOpen(place: Place): Promise<void> {
    const { clock, port, retryMs } = this.#options
    const { networkId, address, gone } = place
    const log = this.#options.log.child({ networkId, address, port })
    let lastComplaint = ''
    while (!gone.signal.aborted) {
      const error = await this.#serve(place, log)
      const complaint = messageOf(error)
      if (error && complaint !== lastComplaint) {
        // That the bridge is not there yet is the common case, and no fault.
        log[isMissingAddress(error) ? 'debug' : 'warn']({ err: error }, 'no DNS on this address')
        lastComplaint = complaint
      }
      await sleep(clock, retryMs, gone.signal)
    }
  }

  /** @returns why it is over; undefined when the address is not wanted any more */
  async #serve({ networkId, address, gone }: Place, log: Logger): Promise<unknown> {
    const failure = new AbortController()
    try {
      const listener = await Listener.open({
        address,
        port: this.#options.port,
        respond: this.#options.responder(networkId),
        onFailure: (error) => failure.abort(error),
      })
      log.info('answering DNS')
      await aborted(gone.signal, failure.signal)
      listener.close()
    } catch (error) {
      return error
    }
    return failure.signal.reason
  }
}

/** Resolves when one of the signals has aborted. */
function aborted(...signals: AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    }
  })
}

function isMissingAddress(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL'
}
