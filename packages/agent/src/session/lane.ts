/** A part of an assignment set by its names: what is put, and what is gone. */
export interface Batch<Item> {
  readonly put: ReadonlyMap<string, Item>
  readonly removed: ReadonlySet<string>
}

export interface LaneOptions<Item> {
  readonly replaceAll: (items: readonly Item[]) => Promise<void> | void
  readonly change: (put: readonly Item[], removed: readonly string[]) => Promise<void> | void
  readonly failed: (error: unknown) => void
}

interface Work<Item> {
  readonly complete: boolean
  readonly put: Map<string, Item>
  readonly removed: Set<string>
  readonly taken: () => void
}

/**
 * Hands one kind of assignments on to its handler, one call at a time. What comes during a call is joined into the
 * next: a slow handler costs no more memory than the set has names, and it hears the latest when it is free again.
 */
export class Lane<Item> {
  readonly #options: LaneOptions<Item>
  #waiting: Work<Item> | undefined
  #working: Promise<void> | undefined

  constructor(options: LaneOptions<Item>) {
    this.#options = options
  }

  /**
   * @param complete the batch is all that there is: what waits is superseded
   * @param taken called when the handler has taken all up to this batch; not, when a later one is joined to it
   */
  add(complete: boolean, batch: Batch<Item>, taken: () => void): void {
    const waiting = complete ? undefined : this.#waiting
    const before = waiting ?? { complete, put: new Map(), removed: new Set() }
    this.#waiting = { ...before, taken }
    for (const [name, item] of batch.put) {
      this.#waiting.removed.delete(name)
      this.#waiting.put.set(name, item)
    }
    for (const name of batch.removed) {
      this.#waiting.put.delete(name)
      this.#waiting.removed.add(name)
    }
    this.#working ??= this.#work()
  }

  /** What waits is not handed on any more. */
  close(): void {
    this.#waiting = undefined
  }

  /** Resolves when all that was added has been handed on. */
  async idle(): Promise<void> {
    await this.#working
  }

  async #work(): Promise<void> {
    for (let work = this.#waiting; work; work = this.#waiting) {
      this.#waiting = undefined
      try {
        await this.#handOn(work)
        work.taken()
      } catch (error) {
        this.#options.failed(error)
      }
    }
    this.#working = undefined
  }

  async #handOn({ complete, put, removed }: Work<Item>): Promise<void> {
    const items = [...put.values()]
    if (complete) await this.#options.replaceAll(items)
    else if (put.size + removed.size > 0) await this.#options.change(items, [...removed])
  }
}
