import { portKey } from '../allocator/index.js'
import type { ServiceRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { endpointHead, endpointSet, isEndpoint, type EndpointHead } from './endpoint-set.js'

/** One service that has endpoints. */
export interface Reachable {
  readonly serviceId: string
  /** The endpoint set but for its tasks, as text: to see whether it has changed. */
  readonly head: string
  /** The networks that lead to it: its own, and the ingress network if it publishes ports. */
  readonly networks: ReadonlySet<string>
  /** The ports that it publishes in ingress mode, as `8080/tcp`. */
  readonly ports: readonly string[]
  /** The tasks that take new connections at present. */
  readonly members: Set<string>
  /** The document as it was last made: one text for all who are told. */
  text?: string | undefined
}

/** The services that have endpoints, also by the networks that lead to them. */
export class ServiceTable {
  readonly #view: StateView
  readonly #services = new Map<string, Reachable>()
  readonly #byNetwork = new Map<string, Set<string>>()

  constructor(view: StateView) {
    this.#view = view
  }

  get(serviceId: string): Reachable | undefined {
    return this.#services.get(serviceId)
  }

  /** The IDs of the services that the network leads to. */
  through(networkId: string): Iterable<string> {
    return this.#byNetwork.get(networkId) ?? []
  }

  /**
   * Looks at a service again. The members of one that was known stay as they are.
   * @param ingressId the network of published ports, while there is one
   */
  look(service: ServiceRecord, ingressId: string | undefined): Reachable | undefined {
    const known = this.#services.get(service.ID)
    const head = endpointHead(this.#view, service)
    const networks = head ? networksThrough(head, ingressId) : new Set<string>()
    if (!head || networks.size === 0) {
      this.forget(service.ID)
      return undefined
    }
    const text = JSON.stringify(head)
    if (known?.head === text && isSame(known.networks, networks)) return known
    const members = known?.members ?? this.#membersOf(service.ID)
    const ports = head.Ports.map(portKey)
    const found: Reachable = { serviceId: service.ID, head: text, networks, ports, members }
    this.forget(service.ID)
    this.#services.set(service.ID, found)
    for (const networkId of networks) this.#servicesThrough(networkId).add(service.ID)
    return found
  }

  forget(serviceId: string): void {
    for (const networkId of this.#services.get(serviceId)?.networks ?? []) {
      const others = this.#servicesThrough(networkId)
      others.delete(serviceId)
      if (others.size === 0) this.#byNetwork.delete(networkId)
    }
    this.#services.delete(serviceId)
  }

  /** The document as it stands. */
  textOf(service: Reachable): string {
    const record = this.#view.get('service', service.serviceId)
    service.text ??= JSON.stringify(record && endpointSet(this.#view, record))
    return service.text
  }

  #membersOf(serviceId: string): Set<string> {
    const members = new Set<string>()
    for (const task of this.#view.tasksOfService(serviceId)) {
      if (isEndpoint(this.#view, task)) members.add(task.ID)
    }
    return members
  }

  #servicesThrough(networkId: string): Set<string> {
    const services = this.#byNetwork.get(networkId) ?? new Set()
    this.#byNetwork.set(networkId, services)
    return services
  }
}

function networksThrough({ Networks, Ports }: EndpointHead, ingressId: string | undefined): Set<string> {
  const networks = new Set(Networks.map(({ NetworkID }) => NetworkID))
  if (Ports.length > 0 && ingressId !== undefined) networks.add(ingressId)
  return networks
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((item) => other.has(item))
}
