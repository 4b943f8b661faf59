import { type Clock, fromTimestamp, isTerminal } from '@shoal/common'
import type { Ipv4, Subnet } from '@shoal/engine-api'
import type { Change } from '../state/records.js'
import type { ChangeListener } from '../state/state.js'
import type { StateView } from '../state/view.js'
import {
  attachedTo,
  type Holding,
  holdingsOfGateway,
  holdingsOfService,
  holdingsOfTask,
  movement,
} from './holdings.js'
import { Latest } from './latest.js'
import { addressesOf, Occupancy, type Room } from './occupancy.js'
import { Presence } from './presence.js'
import { Reservation } from './reservation.js'
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
  readonly #presence = new Presence()
  /** What was given last of all else that goes in a circle. */
  readonly latest: Latest

  constructor({ state, clock, restMs = REST_MS }: AddressBookParts) {
    this.#state = state
    this.#clock = clock
    this.#restMs = restMs
    this.latest = new Latest(state)
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
    return this.#presence.has(networkId, nodeId)
  }

  /** The nodes that have tasks of the network. */
  nodesOf(networkId: string): Iterable<string> {
    return this.#presence.nodesOf(networkId)
  }

  #load(): void {
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
      this.#presence.update(undefined, task)
    }
    this.#loadResting()
    for (const [networkId, { address }] of newest) this.#occupancy(networkId).continueAfter(address)
  }

  /** An ended task that is still known tells since when its addresses are free. */
  #loadResting(): void {
    const nowMs = this.#clock.now()
    const ended: { fromMs: number; holding: Holding }[] = []
    for (const task of this.#state.all('task')) {
      if (!task.NetworksAttachments || !isTerminal(task.Status.State)) continue
      const endedAtMs = Math.min(fromTimestamp(task.Status.Timestamp), nowMs)
      if (!(endedAtMs + this.#restMs > nowMs)) continue
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
    if (change.kind === 'task') this.#presence.update(change.before, change.after)
    if (change.kind === 'service' && change.after) this.latest.noteService(change.after, change.before)
    if (change.kind === 'network') {
      if (change.after) this.latest.noteNetwork(change.after)
      else if (change.before) this.#networks.delete(change.before.ID)
    }
  }

  #occupancy(networkId: string): Occupancy {
    const known = this.#networks.get(networkId)
    if (known) return known
    const occupancy = new Occupancy(this.#restMs)
    this.#networks.set(networkId, occupancy)
    return occupancy
  }

  #roomOf(networkId: string): Room | undefined {
    const network = this.#state.get('network', networkId)
    return network && roomOf(network.Spec)
  }

  /** The length of the network's prefix. */
  prefixOf(networkId: string): number | undefined {
    const network = this.#state.get('network', networkId)
    return network && subnetOf(network.Spec)?.bits
  }
}
