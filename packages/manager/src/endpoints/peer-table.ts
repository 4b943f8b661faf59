import type { NetworkPeer } from '@shoal/engine-api'
import type { GatewayRecord, TaskRecord } from '../state/records.js'
import { addressesOf, isThere } from './addresses.js'

/** An address of a network, and who has it. */
export interface Place {
  readonly networkId: string
  readonly address: string
  readonly nodeId: string
  /** The task's ID, or the gateway's. */
  readonly holder: string
  readonly isGateway: boolean
  /** CIDR: what plain containers of the gateway's node may have. */
  readonly ipRange?: string
}

/** The addresses that are somewhere because of a task. */
export function placesOfTask(task: TaskRecord | undefined): Place[] {
  if (!task?.NetworksAttachments || !isThere(task)) return []
  const { ID: holder, NodeID: nodeId } = task
  return Object.entries(addressesOf(task)).map(([networkId, address]) => ({
    networkId,
    address,
    nodeId,
    holder,
    isGateway: false,
  }))
}

export function placeOfGateway(gateway: GatewayRecord): Place {
  return {
    networkId: gateway.NetworkID,
    address: gateway.Address,
    nodeId: gateway.NodeID,
    holder: gateway.ID,
    isGateway: true,
    ...(gateway.IPRange !== undefined && { ipRange: gateway.IPRange }),
  }
}

/** The name of the document: `<network ID>/<address>`. */
export function peerId({ networkId, address }: Pick<Place, 'networkId' | 'address'>): string {
  return `${networkId}/${address}`
}

export function networkPeer(place: Place, nodeAddress: string): NetworkPeer {
  return {
    NetworkID: place.networkId,
    Address: place.address,
    NodeID: place.nodeId,
    NodeAddress: nodeAddress,
    Gateway: place.isGateway,
    ...(place.ipRange !== undefined && { IPRange: place.ipRange }),
  }
}

/** The places of one network, by their addresses. */
interface Places {
  readonly all: Map<string, Place>
  readonly ofTasks: Map<string, Place>
}

/** Who has which address, by network. */
export class PeerTable {
  readonly #networks = new Map<string, Places>()

  get(id: string): Place | undefined {
    const slash = id.lastIndexOf('/')
    return this.#networks.get(id.slice(0, slash))?.all.get(id.slice(slash + 1))
  }

  of(networkId: string): Iterable<Place> {
    return this.#networks.get(networkId)?.all.values() ?? []
  }

  /** Those of tasks: where thousands of nodes have a gateway, these may be few. */
  ofTasks(networkId: string): Iterable<Place> {
    return this.#networks.get(networkId)?.ofTasks.values() ?? []
  }

  add(place: Place): void {
    const { networkId, address } = place
    const known = this.#networks.get(networkId) ?? { all: new Map(), ofTasks: new Map() }
    this.#networks.set(networkId, known)
    known.all.set(address, place)
    if (place.isGateway) known.ofTasks.delete(address)
    else known.ofTasks.set(address, place)
  }

  /** One that somebody else has by now stays. @returns whether it was there */
  remove(place: Place): boolean {
    const known = this.#networks.get(place.networkId)
    if (known?.all.get(place.address)?.holder !== place.holder) return false
    known.all.delete(place.address)
    known.ofTasks.delete(place.address)
    if (known.all.size === 0) this.#networks.delete(place.networkId)
    return true
  }
}
