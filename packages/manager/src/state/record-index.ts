/** Places of the table: while they are few, an array takes a fraction of a set's memory, and of its time. */
type Members = string[] | Set<string>

/** An array may have so many. */
const FEW = 16

/**
 * Finds the records of one table by something other than their ID. It holds places of the table, not records: most
 * writes leave a record in its group, and then there is nothing to do.
 */
export class RecordIndex<Record> {
  readonly #table: ReadonlyMap<string, Record>
  readonly #groups = new Map<string, Members>()
  readonly #groupOf: (record: Record) => string | undefined

  /** @param groupOf what a record is looked up by; undefined keeps it out of this index */
  constructor(table: ReadonlyMap<string, Record>, groupOf: (record: Record) => string | undefined) {
    this.#table = table
    this.#groupOf = groupOf
  }

  *get(group: string): IterableIterator<Record> {
    const members = this.#groups.get(group)
    if (members === undefined) return
    for (const slot of members) {
      const record = this.#table.get(slot)
      if (record !== undefined) yield record
    }
  }

  /** All by which some record can be found. */
  groups(): IterableIterator<string> {
    return this.#groups.keys()
  }

  /** Follows one change of the table. */
  update(slot: string, before: Record | undefined, after: Record | undefined): void {
    const oldGroup = before && this.#groupOf(before)
    const newGroup = after && this.#groupOf(after)
    if (oldGroup === newGroup) return
    if (oldGroup !== undefined) this.#remove(oldGroup, slot)
    if (newGroup !== undefined) this.#add(newGroup, slot)
  }

  #add(group: string, slot: string): void {
    const members = this.#groups.get(group)
    if (members === undefined) this.#groups.set(group, [slot])
    else if (members instanceof Set) members.add(slot)
    else if (members.length < FEW) members.push(slot)
    else this.#groups.set(group, new Set([...members, slot]))
  }

  #remove(group: string, slot: string): void {
    const members = this.#groups.get(group)
    if (members === undefined) return
    if (members instanceof Set) {
      members.delete(slot)
      if (members.size === 0) this.#groups.delete(group)
      return
    }
    // A new one: somebody may be walking through the old one.
    const left = members.filter((member) => member !== slot)
    if (left.length > 0) this.#groups.set(group, left)
    else this.#groups.delete(group)
  }
}
