/** As many places before the first item are left empty at the most as there are items, and these. */
const SLACK = 64

/** First in, first out, at the same cost however long it is: an array's `shift` moves all of a long array's items. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  get first(): Item | undefined {
    return this.#items[this.#head]
  }

  add(item: Item): void {
    this.#items.push(item)
  }

  /** Takes the first item out. */
  take(): Item | undefined {
    const item = this.first
    if (this.size === 0) return item
    this.#items[this.#head++] = undefined
    if (this.#head > SLACK + this.size) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** Takes all out, in order. */
  takeAll(): Item[] {
    const items = this.#items.slice(this.#head) as Item[]
    this.#items = []
    this.#head = 0
    return items
  }
}
