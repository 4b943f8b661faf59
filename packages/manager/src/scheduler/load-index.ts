import type { NodeClass } from './node-class.js'
import type { NodeInfo } from './node-info.js'

/** Nodes with equally many tasks, by class. */
type Bucket = Map<NodeClass, LoadPlace>

/**
 * Where nodes stand in the index that are alike; each keeps it, for a table would cost more than all the rest. They
 * are linked through themselves: those that the latest walk has come by stand behind the others.
 */
export interface LoadPlace {
  readonly bucket: Bucket
  readonly load: number
  readonly class: NodeClass
  first: NodeInfo | undefined
  last: NodeInfo | undefined
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
      unlink(place, node)
      if (place.first === undefined) place.bucket.delete(place.class)
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
      place = { bucket, load, class: own, first: undefined, last: undefined }
      bucket.set(own, place)
    }
    if (node.walked === this.#walks) append(place, node)
    else prepend(place, node)
    return place
  }
}

/**
 * Yields every node once, those with fewer tasks first. Loads may change meanwhile: a node that becomes
 * emptier than where the walk stands can be passed over. It ends with the next walk through the same index.
 */
export class LoadWalk {
  readonly #buckets: readonly Bucket[]
  readonly #passesOver: (candidates: NodeClass, one: NodeInfo) => boolean
  /** Nodes that carry this number were yielded already. */
  readonly #number: number
  #load = 0
  #places: Iterator<LoadPlace> | undefined
  #place: LoadPlace | undefined

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
      const node = this.#place?.first
      if (this.#place && node && node.walked !== this.#number) {
        node.walked = this.#number
        unlink(this.#place, node)
        append(this.#place, node)
        return node
      }
      this.#place = this.#nextPlace()
      if (this.#place === undefined) return undefined
    }
  }

  /** The next class with the present load that is wanted, else one with a greater load. */
  #nextPlace(): LoadPlace | undefined {
    for (; this.#load < this.#buckets.length; this.#load++) {
      this.#places ??= this.#buckets[this.#load]?.values()
      for (let next = this.#places?.next(); next && !next.done; next = this.#places?.next()) {
        const { class: candidates, first } = next.value
        if (first && !this.#passesOver(candidates, first)) return next.value
      }
      this.#places = undefined
    }
    return undefined
  }
}

function append(place: LoadPlace, node: NodeInfo): void {
  node.previous = place.last
  node.next = undefined
  if (place.last) place.last.next = node
  else place.first = node
  place.last = node
}

function prepend(place: LoadPlace, node: NodeInfo): void {
  node.previous = undefined
  node.next = place.first
  if (place.first) place.first.previous = node
  else place.last = node
  place.first = node
}

function unlink(place: LoadPlace, { previous, next }: NodeInfo): void {
  if (previous) previous.next = next
  else place.first = next
  if (next) next.previous = previous
  else place.last = previous
}
