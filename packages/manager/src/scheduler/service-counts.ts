/** The tasks of one service on a node: those that stay, and all that have not ended, but one of each place. */
export interface ServiceCount {
  readonly serviceId: string
  staying: number
  occupying: number
  next: ServiceCount | undefined
}

/** So many are looked through. */
const FEW = 16

/**
 * What a node has of each service. Most nodes have few services: to walk along them takes a fraction of a table's time
 * and of its memory, and a table is made only where there are more.
 */
export class ServiceCounts {
  /** Linked: one array for each of very many nodes would mostly be room to spare. */
  #first: ServiceCount | undefined
  #size = 0
  #table: Map<string, ServiceCount> | undefined
  /** A bit of each service that is here; bits of others may stand as well. */
  #mayHave = 0

  get(serviceId: string): ServiceCount | undefined {
    // Mostly asked for a service that is not here yet: each count on the way stands elsewhere in memory.
    if ((this.#mayHave & bitOf(serviceId)) === 0) return undefined
    if (this.#table) return this.#table.get(serviceId)
    let count = this.#first
    while (count && count.serviceId !== serviceId) count = count.next
    return count
  }

  *serviceIds(): Iterable<string> {
    for (let count = this.#first; count; count = count.next) yield count.serviceId
  }

  /** The count of a service, to be added to: new when there was none. */
  of(serviceId: string): ServiceCount {
    const known = this.get(serviceId)
    if (known) return known
    const count: ServiceCount = { serviceId, staying: 0, occupying: 0, next: this.#first }
    this.#first = count
    this.#mayHave |= bitOf(serviceId)
    this.#table?.set(serviceId, count)
    if (++this.#size > FEW) this.#table ??= this.#tableOfAll()
    return count
  }

  delete(serviceId: string): void {
    const gone = this.get(serviceId)
    if (gone === undefined) return
    if (this.#first === gone) this.#first = gone.next
    else
      for (let count = this.#first; count; count = count.next) if (count.next === gone) count.next = gone.next
    this.#table?.delete(serviceId)
    if (this.#first === undefined) this.#mayHave = 0
    if (--this.#size <= FEW / 2) this.#table = undefined
  }

  #tableOfAll(): Map<string, ServiceCount> {
    const table = new Map<string, ServiceCount>()
    for (let count = this.#first; count; count = count.next) table.set(count.serviceId, count)
    return table
  }
}

/** One of 31, by the end of an ID, which is random. */
function bitOf(serviceId: string): number {
  const last = serviceId.length - 1
  return 1 << ((serviceId.charCodeAt(last) * 37 + serviceId.charCodeAt(last - 1)) % 31)
}
