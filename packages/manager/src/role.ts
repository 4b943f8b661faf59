/** Whether this manager is the primary now, for those who serve on both sides of an election. */
export class Role {
  readonly #listeners = new Set<() => void>()
  #primary = false
  #ended = false

  get primary(): boolean {
    return this.#primary
  }

  /** It will never be the primary again. */
  get isOver(): boolean {
    return this.#ended
  }

  set(primary: boolean): void {
    this.#primary = primary
    for (const listener of this.#listeners) listener()
  }

  /** From now on it never is the primary: nobody waits for it any more. */
  end(): void {
    this.#ended = true
    this.set(false)
  }

  /** @returns ends the subscription */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
