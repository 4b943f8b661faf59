import type { Task } from '@shoal/engine-api'
import { addressesOf, type ChurnedCluster, isLive } from './cluster.js'

const PAUSE_MS = 200

/** Looks at the tasks all the time: which there have been, and whether two of them had one address at once. */
export class Witness {
  readonly #cluster: ChurnedCluster
  readonly #started = new Set<string>()
  readonly #ended = new Set<string>()
  /** Every address that a task has had. */
  readonly addresses = new Set<string>()
  readonly twice: string[] = []
  #isOver = false
  #work: Promise<void> = Promise.resolve()

  constructor(cluster: ChurnedCluster) {
    this.#cluster = cluster
  }

  /** Tasks that have run. */
  get started(): number {
    return this.#started.size
  }

  /** Of those, the ones that have been seen to end, or are gone. */
  get ended(): number {
    return this.#ended.size
  }

  begin(): void {
    this.#work = this.#watch()
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#work
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      // The manager's host is as busy as all others: an answer that does not come is asked for again.
      const tasks = await this.#cluster.tasks().catch(() => undefined)
      if (tasks) this.#see(tasks)
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE_MS)
      })
    }
  }

  #see(tasks: readonly Task[]): void {
    const owners = new Map<string, string>()
    const live = new Set<string>()
    for (const task of tasks) {
      if (task.Status.State === 'running') this.#started.add(task.ID)
      if (!isLive(task)) continue
      live.add(task.ID)
      for (const address of addressesOf(task)) {
        const owner = owners.get(address)
        if (owner !== undefined) this.twice.push(`${address}: ${owner} and ${task.ID}`)
        owners.set(address, task.ID)
        this.addresses.add(address)
      }
    }
    for (const id of this.#started) if (!live.has(id)) this.#ended.add(id)
  }
}
