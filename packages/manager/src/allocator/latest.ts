import { encloses, type NetworkSpec, parseSubnet } from '@shoal/engine-api'
import type { NetworkRecord, ServiceRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import type { LatestNetwork } from './new-network.js'
import { isDynamicPort } from './ports.js'
import { subnetOf } from './room.js'

/**
 * What was given last of the things that are given in a circle, whether its owner is still there or not: subnets,
 * VXLAN network identifiers and published ports.
 */
export class Latest {
  readonly #view: StateView
  #network: LatestNetwork = {}
  #port: number | undefined

  constructor(view: StateView) {
    this.#view = view
    for (const network of [...view.all('network')].sort(oldestFirst)) this.noteNetwork(network)
    for (const service of [...view.all('service')].sort(oldestFirst)) this.noteService(service)
  }

  get network(): LatestNetwork {
    return this.#network
  }

  /** The number that was given last to a port that was published without one. */
  get port(): number | undefined {
    return this.#port
  }

  /** One whose subnet the user chose does not move the place where the pools go on. */
  noteNetwork({ Spec, Shoal }: NetworkRecord): void {
    const subnet = Spec.Ingress || !isPooled(this.#view, Spec) ? this.#network.subnet : subnetOf(Spec)
    const vni = Spec.Ingress ? this.#network.vni : Shoal.Vni
    this.#network = { ...(vni !== undefined && { vni }), ...(subnet && { subnet }) }
  }

  noteService(service: ServiceRecord, before?: ServiceRecord): void {
    const known = new Set(before?.Endpoint.Ports?.map(({ PublishedPort }) => PublishedPort))
    for (const { PublishedPort: port } of service.Endpoint.Ports ?? []) {
      if (isDynamicPort(port) && !known.has(port)) this.#port = port
    }
  }
}

function oldestFirst<Item extends NetworkRecord | ServiceRecord>(one: Item, other: Item): number {
  return one.Version.Index - other.Version.Index
}

/** Whether the network's subnet is one that the pools would give. */
function isPooled(view: StateView, spec: NetworkSpec): boolean {
  const subnet = subnetOf(spec)
  const { DefaultAddrPool = [], SubnetSize } = view.cluster()?.Shoal ?? {}
  const pools = DefaultAddrPool.map(parseSubnet)
  return subnet?.bits === SubnetSize && pools.some((pool) => pool && subnet && encloses(pool, subnet))
}
