import type { TaskRecord } from '../state/records.js'
import { nodeOf } from './holdings.js'

/** How many tasks each node has in each network. */
export class Presence {
  readonly #nodes = new Map<string, Map<string, number>>()

  /** Follows one change of a task. */
  update(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    if (before) this.#count(before, -1)
    if (after) this.#count(after, 1)
  }

  has(networkId: string, nodeId: string): boolean {
    return this.#nodes.get(networkId)?.has(nodeId) ?? false
  }

  nodesOf(networkId: string): Iterable<string> {
    return this.#nodes.get(networkId)?.keys() ?? []
  }

  #count(task: TaskRecord, by: 1 | -1): void {
    const nodeId = nodeOf(task)
    if (nodeId === undefined) return
    for (const { Network } of task.NetworksAttachments ?? []) {
      const nodes = this.#nodes.get(Network.ID) ?? new Map<string, number>()
      const count = (nodes.get(nodeId) ?? 0) + by
      if (count > 0) this.#nodes.set(Network.ID, nodes.set(nodeId, count))
      else nodes.delete(nodeId)
      if (nodes.size === 0) this.#nodes.delete(Network.ID)
    }
  }
}
