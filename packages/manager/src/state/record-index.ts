/** Finds the records of one table by something other than their ID. */
export class RecordIndex<Record> {
  readonly #groups = new Map<string, Map<string, Record>>()
  readonly #groupOf: (record: Record) => string | undefined

  /** @param groupOf what a record is looked up by; undefined keeps it out of this index */
  constructor(groupOf: (record: Record) => string | undefined) {
    this.#groupOf = groupOf
  }

  get(group: string): Iterable<Record> {
    return this.#groups.get(group)?.values() ?? []
  }

  /** Follows one change of the table. */
  update(slot: string, before: Record | undefined, after: Record | undefined): void {
    const oldGroup = before && this.#groupOf(before)
    const newGroup = after && this.#groupOf(after)
    if (oldGroup !== undefined && oldGroup !== newGroup) this.#remove(oldGroup, slot)
    if (newGroup !== undefined && after !== undefined) this.#add(newGroup, slot, after)
  }

  #add(group: string, slot: string, record: Record): void {
    const members = this.#groups.get(group)
    if (members) members.set(slot, record)
    else this.#groups.set(group, new Map([[slot, record]]))
  }

  #remove(group: string, slot: string): void {
    const members = this.#groups.get(group)
    members?.delete(slot)
    if (members?.size === 0) this.#groups.delete(group)
  }
}
