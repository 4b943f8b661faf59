import { ShoalError } from '@shoal/common'
import { formatIpv4, formatSubnet } from '@shoal/engine-api'
import type { AddressBook } from './book.js'
import type { Holding } from './holdings.js'
import { addressesOf } from './occupancy.js'

/** The addresses that one decision has set aside until the outcome of its commit is known. */
export class Reservation {
  readonly #book: AddressBook
  readonly #held: Holding[] = []

  constructor(book: AddressBook) {
    this.#book = book
  }

  /** @returns a bare address, or undefined when the network has none now */
  take(networkId: string): string | undefined {
    const address = this.#book.take(networkId)
    if (address === undefined) return undefined
    this.#held.push({ networkId, address })
    return formatIpv4(address)
  }

  /** @returns an address with the length of the network's prefix, `10.0.1.7/24` */
  takeCidr(networkId: string): string | undefined {
    const address = this.take(networkId)
    return address && `${address}/${this.#book.prefixOf(networkId)}`
  }

  /** @returns a block as CIDR */
  takeBlock(networkId: string, bits: number): string | undefined {
    const block = this.#book.takeBlock(networkId, bits)
    if (!block) return undefined
    this.#held.push(...addressesOf(block).map((address) => ({ networkId, address })))
    return formatSubnet(block)
  }

  /**
   * Ends it. What was stored belongs to its record now. Of a write whose outcome is unknown the addresses rest:
   * should it have arrived, its record is heard of before anything else can be written.
   * @param error why it was not stored
   */
  end(error?: unknown): void {
    const isKnown = error === undefined || (error instanceof ShoalError && error.code !== 'unavailable')
    for (const holding of this.#held.splice(0)) this.#book.release(holding, !isKnown)
  }
}

/** Does work that sets addresses aside, and settles them by its outcome: stored when it resolves. */
export async function reserving<Result>(
  book: Pick<AddressBook, 'reserve'>,
  work: (reserved: Reservation) => Promise<Result>,
): Promise<Result> {
  const reserved = book.reserve()
  try {
    const result = await work(reserved)
    reserved.end()
    return result
  } catch (error) {
    reserved.end(error)
    throw error
  }
}
