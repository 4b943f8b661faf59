import type { NodeClass } from './node-class.js'
import type { NodeInfo } from './node-info.js'

/** Nodes with equally many tasks, by class. */
type Bucket = Map<NodeClass, LoadPlace>

/** Where nodes stand in the index that are alike; each keeps it, for a table would cost more than all the rest. */
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
    const bucket: Bucket = this.#buckets[load] ?? new Map()
    let place = bucket.get(own)
    if (place === undefined) {
      place = { bucket, load, class: own, members: new Set() }
      bucket.set(own, place)
    }
    place.members.add(node)
    return place
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
  #places: Iterator<LoadPlace> | undefined
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
      this.#places ??= this.#buckets[this.#load]?.values()
      for (let next = this.#places?.next(); next && !next.done; next = this.#places?.next()) {
        const { class: candidates, members } = next.value
        const [one] = members
        if (one && !this.#passesOver(candidates, one)) return members.values()
      }
      this.#places = undefined
    }
    return undefined
  }
}
