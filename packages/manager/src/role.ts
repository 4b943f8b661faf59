import { type Clock, sleep } from '@shoal/common'

/** Whether this manager is the primary now, for those who serve on both sides of an election. */
export class Role {
  readonly #listeners = new Set<() => void>()
  #primary = false

  get primary(): boolean {
    return this.#primary
  }

  set(primary: boolean): void {
    this.#primary = primary
    for (const listener of this.#listeners) listener()
  }

  /** @returns ends the subscription */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Waits for `patienceMs` milliseconds at the most. @returns whether it is the primary by then */
  async untilPrimary(clock: Clock, patienceMs: number): Promise<boolean> {
    if (this.#primary) return true
    const changed = new AbortController()
    const stop = this.onChange(() => {
      if (this.#primary) changed.abort()
    })
    await sleep(clock, patienceMs, changed.signal)
    stop()
    return this.#primary
  }
}
