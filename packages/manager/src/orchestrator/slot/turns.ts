/** The slots that wait for their turn in a rollout. */
export interface Turns {
  readonly waiting: ReadonlySet<string>
  add(keys: readonly string[]): void
  delete(key: string): void
  /** Takes out those whose turn comes first, so many at the most. */
  take(count: number): string[]
}

/** The lowest numbers come first. */
export class NumberedTurns implements Turns {
  readonly waiting = new Set<string>()
  /** No slot with a lower number waits. */
  #lowest = 0

  add(keys: readonly string[]): void {
    for (const key of keys) {
      this.waiting.add(key)
      this.#lowest = Math.min(this.#lowest, Number(key))
    }
  }

  delete(key: string): void {
    this.waiting.delete(key)
  }

  take(count: number): string[] {
    const taken: string[] = []
    for (; taken.length < count && this.waiting.size > 0; this.#lowest++) {
      const key = String(this.#lowest)
      if (this.waiting.delete(key)) taken.push(key)
    }
    return taken
  }
}

/** The IDs of nodes, in their order as texts. */
export class NamedTurns implements Turns {
  waiting = new Set<string>()
  #isSorted = true

  add(keys: readonly string[]): void {
    for (const key of keys) this.waiting.add(key)
    this.#isSorted &&= keys.length === 0
  }

  delete(key: string): void {
    this.waiting.delete(key)
  }

  take(count: number): string[] {
    // Nearly all of them are in order, which costs little then.
    if (!this.#isSorted) this.waiting = new Set([...this.waiting].sort())
    this.#isSorted = true
    const taken: string[] = []
    for (const key of this.waiting) {
      if (taken.length >= count) break
      taken.push(key)
    }
    for (const key of taken) this.waiting.delete(key)
    return taken
  }
}
