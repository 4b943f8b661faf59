import { type Clock, sleep } from '@shoal/common'

/**
 * How long a network's creator waits for the hosts at the most, in milliseconds. A host that takes longer has other
 * troubles; it gets the network as soon as it can.
 */
export const ARRIVAL_MS = 3_000

interface Arrival {
  /** The nodes that do not have it in force; each with the number under which it was told of each network. */
  readonly missing: Map<string, Map<string, number>>
  /** The network, once it is known. */
  networkId?: string
  readonly done: () => void
}

/**
 * Waits until every connected host has a network that was just made, so that a plain container started right after
 * finds it on any of them. Invariant: nothing is kept but while somebody waits.
 */
export class NetworkArrivals {
  readonly #clock: Clock
  readonly #connected: () => Iterable<string>
  readonly #open = new Set<Arrival>()
  /** What each node that somebody waits for has acknowledged. */
  readonly #applied = new Map<string, number>()

  constructor(clock: Clock, connected: () => Iterable<string>) {
    this.#clock = clock
    this.#connected = connected
  }

  /**
   * @param create makes the network
   * @returns the network's ID, when all hosts have it in force, or ARRIVAL_MS after it was made
   * @throws whatever `create` throws
   */
  async after(create: () => Promise<string>): Promise<string> {
    const inForce = new AbortController()
    const missing = new Map([...this.#connected()].map((nodeId) => [nodeId, new Map<string, number>()]))
    const arrival: Arrival = { missing, done: () => inForce.abort() }
    this.#open.add(arrival)
    try {
      const networkId = await create()
      arrival.networkId = networkId
      for (const nodeId of missing.keys()) this.#look(arrival, nodeId)
      if (missing.size > 0) await sleep(this.#clock, ARRIVAL_MS, inForce.signal)
      return networkId
    } finally {
      this.#open.delete(arrival)
      if (this.#open.size === 0) this.#applied.clear()
    }
  }

  /** A message with this number tells the node of the network. */
  told(nodeId: string, networkId: string, sequence: number): void {
    for (const { missing } of this.#open) missing.get(nodeId)?.set(networkId, sequence)
  }

  /** All up to this number is in force on the node. */
  applied(nodeId: string, sequence: number): void {
    if (this.#open.size === 0) return
    this.#applied.set(nodeId, sequence)
    for (const arrival of this.#open) this.#look(arrival, nodeId)
  }

  /** The node's session has ended, or another begins: nobody waits for it any more. */
  gone(nodeId: string): void {
    this.#applied.delete(nodeId)
    for (const arrival of this.#open) this.#leave(arrival, nodeId)
  }

  #look(arrival: Arrival, nodeId: string): void {
    if (arrival.networkId === undefined) return
    const told = arrival.missing.get(nodeId)?.get(arrival.networkId)
    if (told !== undefined && told <= (this.#applied.get(nodeId) ?? 0)) this.#leave(arrival, nodeId)
  }

  #leave(arrival: Arrival, nodeId: string): void {
    if (arrival.missing.delete(nodeId) && arrival.missing.size === 0) arrival.done()
  }
}
