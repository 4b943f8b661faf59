import type { Store } from '../store/contract.js'
import type { Fence } from './committer.js'

/**
 * Looks in the store whether this manager leads. One that has stood still does not know by itself what came after.
 * Those who ask at the same time share a look, and no look that had begun before they asked.
 */
export class LeaderLook {
  readonly #store: Store
  readonly #fence: Fence
  #underWay: Promise<unknown> | undefined
  #next: Promise<boolean> | undefined

  constructor(store: Store, fence: Fence) {
    this.#store = store
    this.#fence = fence
  }

  /** @returns whether it led at a moment after the call @throws ShoalError `unavailable` when the store does not answer */
  holds(): Promise<boolean> {
    this.#next ??= this.#lookAfter(this.#underWay)
    return this.#next
  }

  async #lookAfter(earlier: Promise<unknown> | undefined): Promise<boolean> {
    await earlier
    const look = this.#look()
    this.#underWay = look.catch(() => undefined)
    this.#next = undefined
    return look
  }

  async #look(): Promise<boolean> {
    const { entries } = await this.#store.snapshot(this.#fence.key)
    return entries.some(({ key, revision }) => key === this.#fence.key && revision === this.#fence.revision)
  }
}
