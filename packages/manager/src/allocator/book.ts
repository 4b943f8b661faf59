import { type Clock, fromTimestamp, isTerminal, ShoalError } from '@shoal/common'
import {
  encloses,
  formatIpv4,
  formatSubnet,
  type Ipv4,
  type NetworkSpec,
  parseSubnet,
  type Subnet,
} from '@shoal/engine-api'
import type { Change, NetworkRecord, TaskRecord } from '../state/records.js'
import type { ChangeListener } from '../state/state.js'
import type { StateView } from '../state/view.js'
import {
  attachedTo,
  type Holding,
  holdingsOfGateway,
  holdingsOfService,
  holdingsOfTask,
  movement,
  nodeOf,
} from './holdings.js'
import type { LatestNetwork } from './new-network.js'
import { addressesOf, Occupancy } from './occupancy.js'
import { roomOf, subnetOf } from './room.js'

/** How long an address rests before another gets it, in milliseconds. */
export const REST_MS = 60_000

export interface AddressBookParts {
  readonly state: StateView & { subscribe(listener: ChangeListener): () => void }
  readonly clock: Clock
  readonly restMs?: number
}

/**
 * Which addresses are taken, in every network, as the records say and as decisions under way have reserved. A manager
 * has one from its start to its end, whether it leads or not: so whoever takes over knows what was freed of late.
 * What was freed while it was not there it cannot know; it goes on behind the address that was given last, so that
 * those come last. Invariant: an address is free only if no record that is known, and no reservation, has it.
 */
export class AddressBook {
  readonly #state: AddressBookParts['state']
  readonly #clock: Clock
  readonly #restMs: number
  readonly #networks = new Map<string, Occupancy>()
  /** How many tasks each node has in each network. */
  readonly #presence = new Map<string, Map<string, number>>()
  #latest: LatestNetwork = {}

  constructor({ state, clock, restMs = REST_MS }: AddressBookParts) {
    this.#state = state
    this.#clock = clock
    this.#restMs = restMs
    this.#load()
  }

  /** Follows the state until `signal` aborts. To be called in the same turn as the constructor. */
  follow(signal: AbortSignal): this {
    const unsubscribe = this.#state.subscribe((changes) => {
      for (const change of changes) this.#apply(change)
    })
    signal.addEventListener('abort', unsubscribe, { once: true })
    return this
  }

  /** Begins to set addresses aside, for one commit. */
  reserve(): Reservation {
    return new Reservation(this)
  }

  /** Sets the next free address of a network aside. @returns undefined when there is none now */
  take(networkId: string): Ipv4 | undefined {
    const room = this.#roomOf(networkId)
    const address = room && this.#occupancy(networkId).next(room, this.#clock.now())
    if (address !== undefined) this.#occupancy(networkId).hold(address)
    return address
  }

  /** Sets a whole block aside. @returns undefined when there is none now */
  takeBlock(networkId: string, bits: number): Subnet | undefined {
    const room = this.#roomOf(networkId)
    const block = room && this.#occupancy(networkId).nextBlock(room, bits, this.#clock.now())
    if (block) for (const address of addressesOf(block)) this.#occupancy(networkId).hold(address)
    return block
  }

  /** @param rests whether it may have been in use */
  release({ networkId, address }: Holding, rests: boolean): void {
    const known = this.#networks.get(networkId)
    known?.release(address, rests ? this.#clock.now() : undefined)
    if (known?.isEmpty && !this.#state.get('network', networkId)) this.#networks.delete(networkId)
  }

  /** When an address of the network that rests is free again, in milliseconds since the epoch. */
  restEndsAtMs(networkId: string): number | undefined {
    return this.#networks.get(networkId)?.restEndsAtMs(this.#clock.now())
  }

  /** Whether a task of the network is on the node. */
  isPresent(networkId: string, nodeId: string): boolean {
    return this.#presence.get(networkId)?.has(nodeId) ?? false
  }

  /** The nodes that have tasks of the network. */
  nodesOf(networkId: string): Iterable<string> {
    return this.#presence.get(networkId)?.keys() ?? []
  }

  /** The network that was made last, gone or not. */
  get latest(): LatestNetwork {
    return this.#latest
  }

  #load(): void {
    const made = [...this.#state.all('network')].sort((one, other) => one.Version.Index - other.Version.Index)
    for (const network of made) this.#noteNetwork(network)
    const newest = new Map<string, { revision: number; address: Ipv4 }>()
    const load = (held: Holding[], revision: number): void => {
      for (const { networkId, address } of held) {
        this.#occupancy(networkId).hold(address)
        if (revision >= (newest.get(networkId)?.revision ?? 0)) newest.set(networkId, { revision, address })
      }
    }
    for (const gateway of this.#state.all('gateway')) load(holdingsOfGateway(gateway), 0)
    for (const service of this.#state.all('service')) load(holdingsOfService(service), service.Version.Index)
    for (const task of this.#state.all('task')) {
      load(holdingsOfTask(task), task.Version.Index)
      this.#count(task, 1)
    }
    this.#loadResting()
    for (const [networkId, { address }] of newest) this.#occupancy(networkId).continueAfter(address)
  }

  /** An ended task that is still known tells since when its addresses are free. */
  #loadResting(): void {
    const nowMs = this.#clock.now()
    const ended: { fromMs: number; holding: Holding }[] = []
    for (const task of this.#state.all('task')) {
      const endedAtMs = Math.min(fromTimestamp(task.Status.Timestamp), nowMs)
      if (!isTerminal(task.Status.State) || !(endedAtMs + this.#restMs > nowMs)) continue
      ended.push(...attachedTo(task).map((holding) => ({ fromMs: endedAtMs, holding })))
    }
    for (const { fromMs, holding } of ended.sort((one, other) => one.fromMs - other.fromMs)) {
      this.#occupancy(holding.networkId).rest(holding.address, fromMs)
    }
  }

  #apply(change: Change): void {
    const { taken, freed } = movement(change)
    for (const { networkId, address } of taken) this.#occupancy(networkId).hold(address)
    for (const holding of freed) this.release(holding, true)
    if (change.kind === 'task') {
      if (change.before) this.#count(change.before, -1)
      if (change.after) this.#count(change.after, 1)
    }
    if (change.kind === 'network') {
      if (change.after) this.#noteNetwork(change.after)
      else if (change.before) this.#networks.delete(change.before.ID)
    }
  }

  /** One whose subnet the user chose does not move the place where the pools go on. */
  #noteNetwork({ Spec, Shoal }: NetworkRecord): void {
    const { subnet: before } = this.#latest
    const subnet = Spec.Ingress || isOutside(this.#state, Spec) ? before : subnetOf(Spec)
    const vni = Spec.Ingress ? this.#latest.vni : Shoal.Vni
    this.#latest = { ...(vni !== undefined && { vni }), ...(subnet && { subnet }) }
  }

  #count(task: TaskRecord, by: 1 | -1): void {
    const nodeId = nodeOf(task)
    if (nodeId === undefined) return
    for (const { Network } of task.NetworksAttachments ?? []) {
      const nodes = this.#presence.get(Network.ID) ?? new Map<string, number>()
      const count = (nodes.get(nodeId) ?? 0) + by
      if (count > 0) this.#presence.set(Network.ID, nodes.set(nodeId, count))
      else nodes.delete(nodeId)
      if (nodes.size === 0) this.#presence.delete(Network.ID)
    }
  }

  #occupancy(networkId: string): Occupancy {
    const known = this.#networks.get(networkId)
    if (known) return known
    const occupancy = new Occupancy(this.#restMs)
    this.#networks.set(networkId, occupancy)
    return occupancy
  }

  #roomOf(networkId: string) {
    const network = this.#state.get('network', networkId)
    return network && roomOf(network.Spec)
  }

  /** The length of the network's prefix. */
  prefixOf(networkId: string): number | undefined {
    const network = this.#state.get('network', networkId)
    return network && subnetOf(network.Spec)?.bits
  }
}

/** Whether the network's subnet is none that the pools would give. */
function isOutside(state: StateView, spec: NetworkSpec): boolean {
  const subnet = subnetOf(spec)
  const { DefaultAddrPool = [], SubnetSize } = state.cluster()?.Shoal ?? {}
  const pools = DefaultAddrPool.map(parseSubnet)
  return subnet?.bits !== SubnetSize || !pools.some((pool) => pool && subnet && encloses(pool, subnet))
}

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
