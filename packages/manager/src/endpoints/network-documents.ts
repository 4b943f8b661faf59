import { isTerminal, unreachable } from '@shoal/common'
import { hostDocumentKey, hostDocumentName } from '@shoal/engine-api'
import { ingressNetwork } from '../allocator/index.js'
import type { Change, ChangeOf, NodeRecord, TaskRecord } from '../state/records.js'
import { gatewayId } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { isEndpoint } from './endpoint-set.js'
import { nodeNetwork } from './node-network.js'
import { networkPeer, peerId, PeerTable, placeOfGateway, placesOfTask, type Place } from './peer-table.js'
import { ServiceTable, type Reachable } from './service-table.js'

/** Hears which documents a node has to be told anew. It need not know the node. */
export type Audience = (nodeId: string, key: string) => void

/** Tasks that have left an endpoint set and still run, or a set that has lost a published port, or both. */
export interface Departure {
  readonly serviceId: string
  readonly taskIds: readonly string[]
  /** The nodes that were told of the set, and hear now that the tasks, or the port, have left it. */
  readonly nodeIds: readonly string[]
}

/** An endpoint set that changes, and who leaves it by what is being followed. */
interface Touched {
  readonly networks: Set<string>
  readonly left: Set<string>
  /** A port that it had published leads to it no more. */
  hasLostPort: boolean
}

/**
 * The documents of the network as they stand, and whom they concern: the nodes that take part in a network, that is,
 * have a gateway there. A change costs what it concerns; nothing is looked through. Documents go by their key: see
 * `hostDocumentKey`.
 */
export class NetworkDocuments {
  readonly #view: StateView
  readonly #peers = new PeerTable()
  readonly #services: ServiceTable
  #ingressId: string | undefined
  /** The nodes that have, or have had, a task on the ingress network. */
  #ingressHosts = new Set<string>()

  /** Looks through all records, once. */
  constructor(view: StateView) {
    this.#view = view
    this.#services = new ServiceTable(view)
    this.#ingressId = ingressNetwork(this.#view)?.ID
    for (const gateway of view.all('gateway')) this.#peers.add(placeOfGateway(gateway))
    for (const task of view.all('task')) for (const place of placesOfTask(task)) this.#peers.add(place)
    this.#ingressHosts = this.#hostsOn(this.#ingressId)
    for (const service of view.all('service')) this.#services.look(service, this.#ingressId)
  }

  /** Every document that the node is to have. */
  *keysFor(nodeId: string): Iterable<string> {
    const gateways = [...this.#view.gatewaysOfNode(nodeId)]
    for (const { NetworkID } of gateways) yield networkKey(NetworkID)
    for (const { NetworkID } of gateways) yield* this.#peerKeysFor(nodeId, NetworkID)
    for (const { NetworkID } of gateways) yield* this.#endpointKeys(NetworkID)
  }

  /** The document as the node is to have it now; undefined when it is to have none of this name. */
  textFor(nodeId: string, key: string): string | undefined {
    const { kind, id } = hostDocumentName(key)
    switch (kind) {
      case 'network':
        return this.#networkText(nodeId, id)
      case 'peer':
        return this.#peerText(nodeId, id)
      case 'endpoints':
        return this.#endpointsText(nodeId, id)
      case 'secret':
      case 'config':
        return undefined
      default:
        return unreachable(kind)
    }
  }

  /** The nodes that take part in any of the networks. */
  nodesOn(networkIds: Iterable<string>): Set<string> {
    const nodeIds = new Set<string>()
    for (const networkId of networkIds) {
      for (const { NodeID } of this.#view.gatewaysOfNetwork(networkId)) nodeIds.add(NodeID)
    }
    return nodeIds
  }

  /**
   * Follows what has changed in the view, and tells `audience` whom that concerns.
   * @returns who has left an endpoint set, and did not end; and the sets that have lost a published port
   */
  follow(changes: readonly Change[], audience: Audience): Departure[] {
    const touched = new Map<string, Touched>()
    for (const change of changes) {
      if (change.kind === 'task') this.#followTask(change, audience, touched)
      else if (change.kind === 'service') this.#followService(change, touched)
      else if (change.kind === 'gateway') this.#followGateway(change, audience)
      else if (change.kind === 'network') this.#followNetwork(change, audience, touched)
      else if (change.kind === 'node') this.#followNode(change, audience, touched)
    }
    return [...touched].flatMap(([serviceId, { networks, left, hasLostPort }]) => {
      const key = hostDocumentKey({ kind: 'endpoints', id: serviceId })
      const nodeIds = [...this.nodesOn(networks)]
      for (const nodeId of nodeIds) audience(nodeId, key)
      return left.size === 0 && !hasLostPort ? [] : [{ serviceId, taskIds: [...left], nodeIds }]
    })
  }

  #followTask({ before, after }: ChangeOf<'task'>, audience: Audience, touched: Map<string, Touched>): void {
    const task = after ?? before
    if (!task) return
    const isMoved =
      before?.NodeID !== after?.NodeID || before?.NetworksAttachments !== after?.NetworksAttachments
    if (isMoved || before?.Status.State !== after?.Status.State) {
      this.#movePlaces(placesOfTask(before), placesOfTask(after), audience)
    }
    this.#lookAtMember(task.ID, task.ServiceID, after, touched)
  }

  #lookAtMember(
    taskId: string,
    serviceId: string,
    task: TaskRecord | undefined,
    touched: Map<string, Touched>,
  ): void {
    const service = this.#services.get(serviceId)
    if (!service) return
    const isMember = isEndpoint(this.#view, task)
    if (isMember === service.members.has(taskId)) return
    const { left } = touch(touched, service)
    if (isMember) {
      service.members.add(taskId)
      left.delete(taskId)
      return
    }
    service.members.delete(taskId)
    if (task && !isTerminal(task.Status.State)) left.add(taskId)
  }

  #followService({ before, after }: ChangeOf<'service'>, touched: Map<string, Touched>): void {
    const id = (after ?? before)?.ID ?? ''
    const known = this.#services.get(id)
    const now = after && this.#services.look(after, this.#ingressId)
    if (known === now) return
    if (now) touch(touched, now)
    if (!known) return
    if (!after) this.#services.forget(id)
    const touchedSet = touch(touched, known)
    touchedSet.hasLostPort ||=
      known.members.size > 0 && known.ports.some((port) => !now?.ports.includes(port))
    const { left } = touchedSet
    // Who is not told of the service any more has to let go of its tasks, though they go on.
    const isLessReached = [...known.networks].some((networkId) => !now?.networks.has(networkId))
    if (isLessReached) for (const taskId of known.members) left.add(taskId)
  }

  #followGateway({ before, after }: ChangeOf<'gateway'>, audience: Audience): void {
    const gateway = after ?? before
    if (!gateway) return
    const { NetworkID, NodeID } = gateway
    this.#movePlaces(before ? [placeOfGateway(before)] : [], after ? [placeOfGateway(after)] : [], audience)
    audience(NodeID, networkKey(NetworkID))
    if (before && after) return
    for (const key of this.#peerKeysFor(NodeID, NetworkID)) audience(NodeID, key)
    for (const key of this.#endpointKeys(NetworkID)) audience(NodeID, key)
  }

  #followNetwork(
    { before, after }: ChangeOf<'network'>,
    audience: Audience,
    touched: Map<string, Touched>,
  ): void {
    const network = after ?? before
    if (!network) return
    for (const nodeId of this.nodesOn([network.ID])) audience(nodeId, networkKey(network.ID))
    const ingressId = ingressNetwork(this.#view)?.ID
    if (ingressId === this.#ingressId) return
    this.#ingressId = ingressId
    this.#ingressHosts = this.#hostsOn(ingressId)
    for (const service of this.#view.all('service')) {
      this.#followService({ kind: 'service', before: service, after: service }, touched)
    }
  }

  #followNode({ before, after }: ChangeOf<'node'>, audience: Audience, touched: Map<string, Touched>): void {
    const id = (after ?? before)?.ID ?? ''
    if (before?.Status.Addr !== after?.Status.Addr) this.#tellOfAddress(id, audience)
    if (isDown(before) === isDown(after)) return
    // Whoever speaks with something on a dead node is to notice at once: its peers go, and come back with it.
    this.#tellOfAddress(id, audience)
    for (const task of this.#view.tasksOfNode(id)) {
      this.#lookAtMember(task.ID, task.ServiceID, task, touched)
    }
  }

  /** The node is reached at another address, or not at all, or again: whatever is on it. */
  #tellOfAddress(nodeId: string, audience: Audience): void {
    for (const gateway of this.#view.gatewaysOfNode(nodeId)) {
      audience(nodeId, networkKey(gateway.NetworkID))
      this.#tellOfPlace(placeOfGateway(gateway), audience)
    }
    for (const task of this.#view.tasksOfNode(nodeId)) {
      for (const place of placesOfTask(task)) this.#tellOfPlace(place, audience)
    }
  }

  #movePlaces(from: readonly Place[], to: readonly Place[], audience: Audience): void {
    const stays = (place: Place, others: readonly Place[]): boolean =>
      others.some((other) => isSamePlace(place, other))
    for (const place of from) {
      if (!stays(place, to) && this.#peers.remove(place)) this.#tellOfPlace(place, audience)
    }
    for (const place of to) {
      if (stays(place, from)) continue
      const isTakenOver = this.#peers.get(peerId(place)) !== undefined
      this.#peers.add(place)
      this.#tellOfPlace(place, audience, isTakenOver)
      if (!place.isGateway && place.networkId === this.#ingressId) this.#admitHost(place.nodeId, audience)
    }
  }

  /** Its first task on the ingress network may be asked through any node, and has to find back there. */
  #admitHost(nodeId: string, audience: Audience): void {
    if (this.#ingressHosts.has(nodeId)) return
    this.#ingressHosts.add(nodeId)
    for (const place of this.#peers.of(this.#ingressId ?? ''))
      if (place.isGateway) audience(nodeId, peerKey(place))
  }

  /**
   * Its own node is told, too: one that had the address as another node's peer must forget it.
   * @param isTakenOver nodes may know the address as somebody else's, whether this one concerns them or not
   */
  #tellOfPlace(place: Place, audience: Audience, isTakenOver = false): void {
    const key = peerKey(place)
    if (this.#isForHosts(place) && !isTakenOver) {
      for (const nodeId of this.#ingressHosts) audience(nodeId, key)
      audience(place.nodeId, key)
    } else {
      for (const { NodeID } of this.#view.gatewaysOfNetwork(place.networkId)) audience(NodeID, key)
    }
  }

  /**
   * Every node has a gateway on the ingress network, and only who has tasks there sends anything to it. Told to all,
   * they would be as many documents as the square of the nodes.
   */
  #isForHosts({ isGateway, networkId }: Place): boolean {
    return isGateway && networkId === this.#ingressId
  }

  #concerns(nodeId: string, place: Place): boolean {
    return place.nodeId !== nodeId && (!this.#isForHosts(place) || this.#ingressHosts.has(nodeId))
  }

  #hostsOn(networkId: string | undefined): Set<string> {
    const hosts = new Set<string>()
    for (const { nodeId } of this.#peers.ofTasks(networkId ?? '')) hosts.add(nodeId)
    return hosts
  }

  #networkText(nodeId: string, networkId: string): string | undefined {
    const network = this.#view.get('network', networkId)
    const node = this.#view.get('node', nodeId)
    const document = network && node && nodeNetwork(this.#view, network, node)
    return document && JSON.stringify(document)
  }

  #peerText(nodeId: string, id: string): string | undefined {
    const place = this.#peers.get(id)
    if (!place || !this.#concerns(nodeId, place) || !this.#isOn(nodeId, place.networkId)) return undefined
    const node = this.#view.get('node', place.nodeId)
    const address = isDown(node) ? undefined : node?.Status.Addr
    return address ? JSON.stringify(networkPeer(place, address)) : undefined
  }

  #endpointsText(nodeId: string, serviceId: string): string | undefined {
    const service = this.#services.get(serviceId)
    const isConcerned = service && [...service.networks].some((networkId) => this.#isOn(nodeId, networkId))
    return isConcerned ? this.#services.textOf(service) : undefined
  }

  #isOn(nodeId: string, networkId: string): boolean {
    return this.#view.get('gateway', gatewayId(networkId, nodeId)) !== undefined
  }

  *#peerKeysFor(nodeId: string, networkId: string): Iterable<string> {
    const isOutsider = networkId === this.#ingressId && !this.#ingressHosts.has(nodeId)
    const places = isOutsider ? this.#peers.ofTasks(networkId) : this.#peers.of(networkId)
    for (const place of places) if (this.#concerns(nodeId, place)) yield peerKey(place)
  }

  *#endpointKeys(networkId: string): Iterable<string> {
    for (const id of this.#services.through(networkId)) yield hostDocumentKey({ kind: 'endpoints', id })
  }
}

/** Its document is to be made anew. */
function touch(touched: Map<string, Touched>, service: Reachable): Touched {
  service.text = undefined
  const known = touched.get(service.serviceId) ?? { networks: new Set(), left: new Set(), hasLostPort: false }
  touched.set(service.serviceId, known)
  for (const networkId of service.networks) known.networks.add(networkId)
  return known
}

function isDown(node: NodeRecord | undefined): boolean {
  return node === undefined || node.Status.State === 'down'
}

function isSamePlace(one: Place, other: Place): boolean {
  return peerId(one) === peerId(other) && one.nodeId === other.nodeId && one.ipRange === other.ipRange
}

function networkKey(id: string): string {
  return hostDocumentKey({ kind: 'network', id })
}

function peerKey(place: Place): string {
  return hostDocumentKey({ kind: 'peer', id: peerId(place) })
}
