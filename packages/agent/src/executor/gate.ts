/**
 * Lets at most `limit` pieces of work run at the same time; the rest wait in the order in which they came.
 * An engine that gets everything at once is slower than one that gets a few at a time.
 */
export class Gate {
  readonly #limit: number
  readonly #waiting: (() => void)[] = []
  #inside = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#inside++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      // The place is handed over, so nobody can slip in between.
      if (next) next()
      else this.#inside--
    }
  }
}
