import type { AssignedTask, EndpointSet, NodeNetwork } from '@shoal/engine-api'
import { addressesByName, askersByAddress, namesByAddress, placeOf } from './names.js'
import { Sourced } from './sourced.js'

/** A container of this host, as the one who asks. */
export interface Asker {
  /** The networks that it is on, by ID, in its own order of preference. */
  readonly networks: readonly string[]
  /** The name servers of its own; none: those of the host. */
  readonly nameServers: readonly string[]
}

/**
 * All names by network, and who asks from which address. A change of one document costs what that document is large,
 * however many others there are: with 5 000 services the tables must not be made anew for each of them.
 */
export class Zone {
  readonly #networks = new Map<string, NodeNetwork>()
  readonly #addresses = new Sourced<readonly string[]>()
  readonly #names = new Sourced<string>()
  readonly #askers = new Sourced<Asker>()

  putNetwork(network: NodeNetwork): void {
    this.#networks.set(network.ID, network)
  }

  removeNetwork(id: string): void {
    this.#networks.delete(id)
  }

  /** Replaces all that was known of the service. */
  putEndpoints(set: EndpointSet): void {
    this.#addresses.put(set.ServiceID, addressesByName(set))
    this.#names.put(set.ServiceID, namesByAddress(set))
  }

  removeEndpoints(serviceId: string): void {
    this.#addresses.remove(serviceId)
    this.#names.remove(serviceId)
  }

  /** A task of this host may ask from its addresses. */
  putTask(task: AssignedTask): void {
    this.#askers.put(task.ID, askersByAddress(task))
  }

  removeTask(id: string): void {
    this.#askers.remove(id)
  }

  tasks(): Iterable<string> {
    return this.#askers.sources()
  }

  services(): Iterable<string> {
    return this.#addresses.sources()
  }

  networks(): Iterable<NodeNetwork> {
    return this.#networks.values()
  }

  network(id: string): NodeNetwork | undefined {
    return this.#networks.get(id)
  }

  /** Who has `address` on a network; when an address has changed hands, who got it last. */
  asker(networkId: string, address: string): Asker | undefined {
    return this.#askers.get(placeOf(networkId, address))?.at(-1)
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
