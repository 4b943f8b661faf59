/** A table to which several sources contribute; what a source says replaces all that it said before. */
export class Sourced<Value> {
  readonly #keysOf = new Map<string, readonly string[]>()
  readonly #values = new Map<string, Map<string, Value>>()

  put(source: string, entries: readonly (readonly [key: string, value: Value])[]): void {
    this.remove(source)
    if (entries.length === 0) return
    this.#keysOf.set(
      source,
      entries.map(([key]) => key),
    )
    for (const [key, value] of entries) {
      const bySource = this.#values.get(key)
      if (bySource) bySource.set(source, value)
      else this.#values.set(key, new Map([[source, value]]))
    }
  }

  remove(source: string): void {
    for (const key of this.#keysOf.get(source) ?? []) {
      const bySource = this.#values.get(key)
      bySource?.delete(source)
      if (bySource?.size === 0) this.#values.delete(key)
    }
    this.#keysOf.delete(source)
  }

  clear(): void {
    this.#keysOf.clear()
    this.#values.clear()
  }

  /** What is said of `key`, the latest last; undefined when nobody says anything. */
  get(key: string): readonly Value[] | undefined {
    const bySource = this.#values.get(key)
    return bySource && [...bySource.values()]
  }
}
