import type { Clock } from '@shoal/common'

/** So many of the latest lines are kept, unless all of them are. */
const LATEST = 120

/** What happened, line by line, and a hash of all of it: two runs of one seed have the same. */
export class Trace {
  readonly #clock: Clock
  readonly #startMs: number
  readonly #keepAll: boolean
  #lines: string[] = []
  #hash = 0x811c9dc5

  constructor(clock: Clock, keepAll: boolean) {
    this.#clock = clock
    this.#startMs = clock.now()
    this.#keepAll = keepAll
  }

  add(text: string): void {
    const line = `${((this.#clock.now() - this.#startMs) / 1000).toFixed(3).padStart(9)}  ${text}`
    this.#lines.push(line)
    if (!this.#keepAll && this.#lines.length > 2 * LATEST) this.#lines = this.#lines.slice(-LATEST)
    // FNV-1a, by Glenn Fowler, Landon Curt Noll and Kiem-Phong Vo, public domain.
    for (let i = 0; i < line.length; i++) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(i), 0x01000193)
    }
  }

  get lines(): readonly string[] {
    return this.#keepAll ? this.#lines : this.#lines.slice(-LATEST)
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }
}

/** As much of an identity as is needed to tell it from others. */
export function short(id: string | undefined): string {
  return id === undefined ? '-' : id.slice(0, 5)
}
