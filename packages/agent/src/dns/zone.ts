import type { EndpointSet, HostDocument, HostDocumentName, NodeNetwork } from '@shoal/engine-api'
import { addressesByName, namesByAddress, placeOf } from './names.js'
import { Sourced } from './sourced.js'

/**
 * All names by network. A change of one document costs what that document is large,
 * however many others there are: with 5 000 services the tables must not be made anew for each of them.
 */
export class Zone {
  readonly #networks = new Map<string, NodeNetwork>()
  readonly #addresses = new Sourced<readonly string[]>()
  readonly #names = new Sourced<string>()

  /** All documents: what they do not name is gone. */
  replaceAll(documents: readonly HostDocument[]): void {
    this.#networks.clear()
    this.#addresses.clear()
    this.#names.clear()
    for (const document of documents) this.put(document)
  }

  /** Replaces all that was known of the network or the service; what stands for neither is nothing to us. */
  put(document: HostDocument): void {
    if (document.kind === 'network') this.#networks.set(document.id, document.body)
    if (document.kind === 'endpoints') this.#putEndpoints(document.body)
  }

  remove({ kind, id }: HostDocumentName): void {
    if (kind === 'network') this.#networks.delete(id)
    if (kind !== 'endpoints') return
    this.#addresses.remove(id)
    this.#names.remove(id)
  }

  #putEndpoints(set: EndpointSet): void {
    this.#addresses.put(set.ServiceID, addressesByName(set))
    this.#names.put(set.ServiceID, namesByAddress(set))
  }

  networks(): Iterable<NodeNetwork> {
    return this.#networks.values()
  }

  network(id: string): NodeNetwork | undefined {
    return this.#networks.get(id)
  }

  /** The addresses of a name (in small letters) on a network; undefined when the network does not know it. */
  addresses(networkId: string, name: string): readonly string[] | undefined {
    return this.#addresses.get(placeOf(networkId, name))?.flat()
  }

  /** The name of an address on a network. */
  nameAt(networkId: string, address: string): string | undefined {
    return this.#names.get(placeOf(networkId, address))?.at(-1)
  }
}
