import { type Ipv4, sizeOf, type Subnet } from '@shoal/engine-api'

/** What of a network can be given out. */
export interface Room {
  /** Addresses come from here: the network's subnet, or the range within it. */
  readonly range: Subnet
  /** Addresses, in the range or not, that nobody gets. */
  readonly reserved: ReadonlySet<Ipv4>
}

/**
 * Which addresses of one network are taken, and which rest after they were. Addresses are given out in a circle,
 * so that one that was freed comes back as late as possible; and never before it has rested, for somewhere a
 * connection, a cache or a neighbour table may still mean the one who had it.
 */
export class Occupancy {
  /** How many hold each address. More than one at a time are a record and the reservation that it came from. */
  readonly #taken = new Map<Ipv4, number>()
  /** When each rested address is free again (milliseconds since the epoch), soonest first. */
  readonly #resting = new Map<Ipv4, number>()
  readonly #restMs: number
  #cursor: Ipv4 | undefined

  /** @param restMs how long an address rests, in milliseconds */
  constructor(restMs: number) {
    this.#restMs = restMs
  }

  get isEmpty(): boolean {
    return this.#taken.size === 0 && this.#resting.size === 0
  }

  /** Somebody has the address: it was given by this manager, or by another one before. */
  hold(address: Ipv4): void {
    const holders = this.#taken.get(address) ?? 0
    if (holders === 0) this.#cursor = address + 1
    this.#taken.set(address, holders + 1)
    this.#resting.delete(address)
  }

  /** @param restFromMs when it was freed, in milliseconds since the epoch; undefined: it was never in use */
  release(address: Ipv4, restFromMs: number | undefined): void {
    const holders = this.#taken.get(address) ?? 0
    if (holders > 1) this.#taken.set(address, holders - 1)
    else if (this.#taken.delete(address) && restFromMs !== undefined) this.rest(address, restFromMs)
  }

  /** Keeps an address that nobody has from being given out for a while. */
  rest(address: Ipv4, fromMs: number): void {
    if (this.#taken.has(address)) return
    this.#resting.delete(address)
    this.#resting.set(address, fromMs + this.#restMs)
  }

  /** Continues behind this address: the one that was given last. */
  continueAfter(address: Ipv4): void {
    this.#cursor = address + 1
  }

  /** The next free address, which is not held yet. @returns undefined when there is none now */
  next({ range, reserved }: Room, nowMs: number): Ipv4 | undefined {
    this.#wake(nowMs)
    const size = sizeOf(range.bits)
    // A circle in which nothing is free is not walked for every task that waits.
    if (this.#taken.size + this.#resting.size >= size) return undefined
    let address = this.#cursor ?? range.first
    for (let step = 0; step < size; step++, address++) {
      if (address > range.last || address < range.first) address = range.first
      if (!reserved.has(address) && this.#isFree(address)) return address
    }
    return undefined
  }

  /** The highest free block of this size: far from where single addresses come from. */
  nextBlock({ range, reserved }: Room, bits: number, nowMs: number): Subnet | undefined {
    if (bits < range.bits) return undefined
    this.#wake(nowMs)
    const size = sizeOf(bits)
    for (let first = range.last - size + 1; first >= range.first; first -= size) {
      const block: Subnet = { first, last: first + size - 1, bits }
      if (addressesOf(block).every((address) => !reserved.has(address) && this.#isFree(address))) return block
    }
    return undefined
  }

  /** When the next resting address is free, in milliseconds since the epoch. */
  restEndsAtMs(nowMs: number): number | undefined {
    this.#wake(nowMs)
    const [soonest] = this.#resting.values()
    return soonest
  }

  #isFree(address: Ipv4): boolean {
    return !this.#taken.has(address) && !this.#resting.has(address)
  }

  /** All rest equally long, so those that began first stand first. */
  #wake(nowMs: number): void {
    for (const [address, untilMs] of this.#resting) {
      if (untilMs > nowMs) return
      this.#resting.delete(address)
    }
  }
}

/** Every address of a small block. */
export function addressesOf({ first, bits }: Subnet): Ipv4[] {
  return Array.from({ length: sizeOf(bits) }, (_, index) => first + index)
}
