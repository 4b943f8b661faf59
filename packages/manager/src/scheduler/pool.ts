import type { Random } from '@shoal/common'
import { heapify, push, siftDown } from './heap.js'
import type { LoadWalk } from './load-index.js'
import type { NodeInfo } from './node-info.js'
import { PlacedNodes } from './placed-nodes.js'
import { compareScores, type Score, type Strategy } from './strategy.js'

/** The nodes that fit one group of tasks, best first. Nodes may change while it is in use. */
export interface Pool {
  /** The node that the next task goes to; undefined when none fits any more. */
  best(): NodeInfo | undefined
  /** Negative when `a` is to be preferred to `b`; both need not fit. */
  compare(a: NodeInfo, b: NodeInfo): number
  /** Tells that a task was placed on this node. */
  placed(node: NodeInfo): void
}

/** What a pool knows of its group. */
export interface PoolContext {
  readonly serviceId: string
  readonly strategy: Strategy
  readonly random: Random
  /** Nodes on which the service has failed often of late, with the count: they come last. */
  readonly troubled: ReadonlyMap<NodeInfo, number>
  /** How many of the group's wishes a node does not meet. The strategy knows of them already. */
  readonly unmet: ((node: NodeInfo) => number) | undefined
  readonly fits: (node: NodeInfo) => boolean
}

/** With its score in itself: there are as many as nodes, and they live for as long as the group is placed. */
interface Candidate {
  readonly node: NodeInfo
  readonly failures: number
  /** The node's version when its score was asked for. */
  version: number
  first: number
  second: number
}

/**
 * A heap of candidates. A node that has changed is looked at again only when it comes to the top:
 * it is dropped if it no longer fits, and else sinks to its new place.
 */
export class HeapPool implements Pool {
  readonly #context: PoolContext
  readonly #heap: Candidate[]
  readonly #placed = new PlacedNodes()
  /**
   * The best candidate, outside of the heap, if it came from the walk: it is to be placed on, and is then worse than
   * those on which nothing was placed. To put it into the heap before would be to move it all the way up and down.
   */
  #hot: Candidate | undefined
  #walk: LoadWalk | undefined
  #bestAtLoad: { readonly load: number; readonly score: Score | undefined } = { load: -1, score: undefined }

  /** @param walk more nodes, looked at only when they may be better than those in the heap */
  constructor(context: PoolContext, nodes: Iterable<NodeInfo>, walk?: LoadWalk) {
    this.#context = context
    this.#heap = []
    this.#walk = walk
    for (const node of nodes) if (context.fits(node)) this.#heap.push(this.#candidate(node))
    heapify(this.#heap, compareCandidates)
  }

  best(): NodeInfo | undefined {
    for (;;) {
      const top = this.#top()
      if (this.#placedComeBefore(top)) this.#takeIn(this.#placed.take(), top)
      else if (this.#walk === undefined || this.#beatsTheRest(top, this.#walk)) return top?.node
      else this.#takeInNext(this.#walk, top)
    }
  }

  #takeInNext(walk: LoadWalk, top: Candidate | undefined): void {
    const node = walk.next()
    if (node === undefined) this.#walk = undefined
    this.#takeIn(node, top)
  }

  /** Makes a candidate of a node that fits. */
  #takeIn(node: NodeInfo | undefined, top: Candidate | undefined): void {
    if (node === undefined || !this.#context.fits(node)) return
    const candidate = this.#candidate(node)
    if (top !== undefined && compareCandidates(top, candidate) <= 0) {
      push(this.#heap, candidate, compareCandidates)
      return
    }
    if (this.#hot) push(this.#heap, this.#hot, compareCandidates)
    this.#hot = candidate
  }

  /** Whether one on which a task was placed may be better than the best candidate, and than what the walk yields. */
  #placedComeBefore(top: Candidate | undefined): boolean {
    const { atLeast } = this.#placed
    if (atLeast === undefined) return false
    const rest = this.#walk && this.#bestAt(this.#walk.load)
    if (rest && compareScores(rest, atLeast) <= 0) return false
    return top === undefined || top.failures > 0 || compareScores(atLeast, top) < 0
  }

  /** The best candidate so far, as its node stands now. */
  #top(): Candidate | undefined {
    const hot = this.#hot
    if (hot?.version === hot?.node.version) return hot ?? this.#topOfHeap()
    this.#hot = undefined
    if (hot && this.#isStillFit(hot)) push(this.#heap, hot, compareCandidates)
    return this.#topOfHeap()
  }

  /** Looks at a candidate again whose node has changed. */
  #isStillFit(candidate: Candidate): boolean {
    const { node } = candidate
    if (!this.#context.fits(node)) return false
    const { first, second } = this.#score(node, candidate)
    candidate.version = node.version
    candidate.first = first
    candidate.second = second
    return true
  }

  #topOfHeap(): Candidate | undefined {
    for (;;) {
      const top = this.#heap[0]
      if (top === undefined || top.version === top.node.version) return top
      if (!this.#isStillFit(top)) {
        const last = this.#heap.pop()
        if (last !== undefined && last !== top) this.#heap[0] = last
      }
      siftDown(this.#heap, 0, compareCandidates)
    }
  }

  /** Whether no node that the walk has yet to yield can be better. */
  #beatsTheRest(top: Candidate | undefined, walk: LoadWalk): boolean {
    if (top === undefined || top.failures > 0) return false
    const best = this.#bestAt(walk.load)
    return best !== undefined && compareScores(top, best) <= 0
  }

  /** It stays the same for as long as the walk stands at one load. */
  #bestAt(load: number): Score | undefined {
    if (load !== this.#bestAtLoad.load) {
      this.#bestAtLoad = { load, score: this.#context.strategy.bestAt?.(load) }
    }
    return this.#bestAtLoad.score
  }

  compare(a: NodeInfo, b: NodeInfo): number {
    return compareCandidates(this.#candidate(a), this.#candidate(b))
  }

  /** Mostly the node's version has grown: that is all there is to know. */
  placed(node: NodeInfo): void {
    const hot = this.#hot
    const atLeast = hot && this.#context.strategy.afterPlacing?.(hot)
    if (atLeast === undefined || hot?.node !== node || hot.failures > 0) return
    // Nothing else has happened to it since it was looked at.
    if (hot.version + 1 === node.version && this.#placed.add(node, atLeast)) this.#hot = undefined
  }

  #candidate(node: NodeInfo): Candidate {
    const failures = this.#context.troubled.get(node) ?? 0
    const { first, second } = this.#score(node, undefined)
    return { node, failures, version: node.version, first, second }
  }

  #score(node: NodeInfo, before: Score | undefined): Score {
    return this.#context.strategy.score(node, this.#context.serviceId, before, this.#context.random)
  }
}

function compareCandidates(a: Candidate, b: Candidate): number {
  return a.failures - b.failures || compareScores(a, b) || a.node.ordinal - b.node.ordinal
}
