import { type Clock, sleep } from '@shoal/common'

/** Whether this manager is the primary now, for those who serve on both sides of an election. */
export class Role {
  readonly #listeners = new Set<() => void>()
  #primary = false
  #ended = false

  get primary(): boolean {
    return this.#primary
  }

  set(primary: boolean): void {
    this.#primary = primary
    for (const listener of this.#listeners) listener()
  }

  /** It will never be the primary again: nobody waits for it any more. */
  end(): void {
    this.#ended = true
    this.set(false)
  }

  /** @returns ends the subscription */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Waits for `patienceMs` milliseconds at the most. @returns whether it is the primary by then */
  async untilPrimary(clock: Clock, patienceMs: number): Promise<boolean> {
    if (this.#primary || this.#ended) return this.#primary
    const changed = new AbortController()
    const stop = this.onChange(() => {
      if (this.#primary || this.#ended) changed.abort()
    })
    await sleep(clock, patienceMs, changed.signal)
    stop()
    return this.#primary
  }
}
