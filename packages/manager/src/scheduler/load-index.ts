import type { NodeClass } from './node-class.js'
import type { NodeInfo } from './node-info.js'

/** Nodes with equally many tasks, by class. */
type Bucket = Map<NodeClass, Set<NodeInfo>>

/** Where a node stands in the index, kept with the node: a table of its own would cost more than all the rest. */
export interface LoadPlace {
  readonly bucket: Bucket
  readonly load: number
  readonly class: NodeClass
  readonly members: Set<NodeInfo>
}

/**
 * Nodes by how many tasks stay on them, and by class: the emptiest are found without looking at the others, and whole
 * classes are passed over.
 */
export class LoadIndex {
  readonly #buckets: Bucket[] = []
  #walks = 0

  /** Follows a node's load and class; a node that is gone is dropped. */
  update(node: NodeInfo): void {
    const { place } = node
    if (place) {
      if (place.load === node.tasks && place.class === node.class && !node.gone) return
      place.members.delete(node)
      if (place.members.size === 0) place.bucket.delete(place.class)
    }
    node.place = node.gone ? undefined : this.#enter(node)
  }

  /** @param passesOver whether no node of a class is wanted */
  walk(passesOver: (candidates: NodeClass, one: NodeInfo) => boolean): LoadWalk {
    return new LoadWalk(this.#buckets, ++this.#walks, passesOver)
  }

  #enter(node: NodeInfo): LoadPlace {
    const { tasks: load, class: own } = node
    while (this.#buckets.length <= load) this.#buckets.push(new Map())
    const bucket = this.#buckets[load] ?? new Map<NodeClass, Set<NodeInfo>>()
    const members = bucket.get(own) ?? new Set()
    if (members.size === 0) bucket.set(own, members)
    members.add(node)
    return { bucket, load, class: own, members }
  }
}

/**
 * Yields every node once, those with fewer tasks first. Loads may change meanwhile: a node that becomes
 * emptier than where the walk stands can be passed over. One walk at a time is in use.
 */
export class LoadWalk {
  readonly #buckets: readonly Bucket[]
  readonly #passesOver: (candidates: NodeClass, one: NodeInfo) => boolean
  /** Nodes that carry this number were yielded already. */
  readonly #number: number
  #load = 0
  #classes: Iterator<[NodeClass, Set<NodeInfo>]> | undefined
  #members: Iterator<NodeInfo> | undefined

  constructor(
    buckets: readonly Bucket[],
    number: number,
    passesOver: (candidates: NodeClass, one: NodeInfo) => boolean,
  ) {
    this.#buckets = buckets
    this.#number = number
    this.#passesOver = passesOver
  }

  /** The nodes still to come have at least so many tasks. */
  get load(): number {
    return this.#load
  }

  next(): NodeInfo | undefined {
    for (;;) {
      for (let next = this.#members?.next(); next && !next.done; next = this.#members?.next()) {
        if (next.value.walked === this.#number) continue
        next.value.walked = this.#number
        return next.value
      }
      this.#members = this.#nextMembers()
      if (this.#members === undefined) return undefined
    }
  }

  /** The next class with the present load that is wanted, else one with a greater load. */
  #nextMembers(): Iterator<NodeInfo> | undefined {
    for (; this.#load < this.#buckets.length; this.#load++) {
      this.#classes ??= this.#buckets[this.#load]?.entries()
      for (let next = this.#classes?.next(); next && !next.done; next = this.#classes?.next()) {
        const [candidates, members] = next.value
        const [one] = members
        if (one && !this.#passesOver(candidates, one)) return members.values()
      }
      this.#classes = undefined
    }
    return undefined
  }
}
