import type { NodeInfo } from './node-info.js'

/** Nodes by how many tasks stay on them, so that the emptiest are found without looking at the others. */
export class LoadIndex {
  readonly #buckets: Set<NodeInfo>[] = []
  readonly #loadOf = new Map<NodeInfo, number>()

  /** Follows a node's load; a node that is gone is dropped. */
  update(node: NodeInfo): void {
    const known = this.#loadOf.get(node)
    if (known === node.tasks && !node.gone) return
    if (known !== undefined) this.#buckets[known]?.delete(node)
    if (node.gone) {
      this.#loadOf.delete(node)
      return
    }
    while (this.#buckets.length <= node.tasks) this.#buckets.push(new Set())
    this.#buckets[node.tasks]?.add(node)
    this.#loadOf.set(node, node.tasks)
  }

  walk(): LoadWalk {
    return new LoadWalk(this.#buckets)
  }
}

/**
 * Yields every node once, those with fewer tasks first. Loads may change meanwhile: a node that becomes
 * emptier than where the walk stands can be passed over.
 */
export class LoadWalk {
  readonly #buckets: readonly ReadonlySet<NodeInfo>[]
  readonly #seen = new Set<NodeInfo>()
  #load = 0
  #bucket: Iterator<NodeInfo> | undefined

  constructor(buckets: readonly ReadonlySet<NodeInfo>[]) {
    this.#buckets = buckets
  }

  /** The nodes still to come have at least so many tasks. */
  get load(): number {
    return this.#load
  }

  next(): NodeInfo | undefined {
    for (; this.#load < this.#buckets.length; this.#load++) {
      this.#bucket ??= this.#buckets[this.#load]?.values()
      for (let next = this.#bucket?.next(); next && !next.done; next = this.#bucket?.next()) {
        if (this.#seen.has(next.value)) continue
        this.#seen.add(next.value)
        return next.value
      }
      this.#bucket = undefined
    }
    return undefined
  }
}
