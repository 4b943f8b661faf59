import type { Compare, Operation, Store } from '../store/contract.js'

/** What a transaction takes along to become the next link. */
export interface Link {
  readonly compare: Compare
  readonly operation: Operation
  readonly value: string
}

/** What became of a transaction whose outcome was unknown. */
export type Outcome =
  | { readonly type: 'arrived'; readonly revision: number }
  /** It has not arrived, and never will. */
  | { readonly type: 'lost' }
  /** Another manager leads. */
  | { readonly type: 'deposed' }

/**
 * Chains the transactions of one term by a key that each of them writes and compares. When a connection breaks
 * before the answer, the key tells whether the transaction arrived; and a link put in its place makes sure that one
 * which is still on its way cannot arrive after that. Without it a primary would decide on from a memory that may
 * lack what it has itself written.
 */
export class WriteChain {
  readonly #store: Store
  readonly #key: string
  /** Tells this term's links from those of any other. */
  readonly #term: number
  #count = 0
  /** Of the latest link; unknown at first. */
  #revision: number | undefined

  constructor(store: Store, key: string, term: number) {
    this.#store = store
    this.#key = key
    this.#term = term
  }

  /** The next link, to be reported by `added` when its transaction was committed. @throws ShoalError `unavailable` */
  async next(): Promise<Link> {
    this.#revision ??= (await this.#read()).revision
    this.#count++
    const value = `${this.#term}.${this.#count}`
    return {
      compare: { key: this.#key, revision: this.#revision },
      operation: { type: 'put', key: this.#key, value },
      value,
    }
  }

  /** @param revision the one at which the latest link was committed */
  added(revision: number): void {
    this.#revision = revision
  }

  /** The store has another latest link than expected: it is read anew. */
  forget(): void {
    this.#revision = undefined
  }

  /**
   * Finds out what became of the transaction with this link, and makes that final.
   * @param fence what every transaction of the term compares
   * @throws ShoalError `unavailable`: still not known, to be called again
   */
  async settle(link: Link, fence: readonly Compare[]): Promise<Outcome> {
    for (;;) {
      const { revision, value } = await this.#read()
      this.#revision = revision
      if (value === link.value) return { type: 'arrived', revision }
      // A link that was to replace it has arrived, though its answer got lost.
      if (revision !== link.compare.revision) return { type: 'lost' }
      const replacement = await this.next()
      const result = await this.#store.commit({
        compares: [...fence, replacement.compare],
        operations: [replacement.operation],
      })
      if (result.committed) {
        this.#revision = result.revision
        return { type: 'lost' }
      }
      // Either it arrived at this very moment, or it was not the link that did not hold.
      if ((await this.#read()).revision === revision) return { type: 'deposed' }
    }
  }

  async #read(): Promise<{ revision: number; value?: string }> {
    const { entries } = await this.#store.snapshot(this.#key)
    return entries.find((entry) => entry.key === this.#key) ?? { revision: 0 }
  }
}
