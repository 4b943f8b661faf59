import type { Random } from '@shoal/common'
import { heapify, siftDown } from './heap.js'
import type { NodeInfo } from './node-info.js'
import type { Score, Strategy } from './strategy.js'

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
  readonly fits: (node: NodeInfo) => boolean
}

interface Candidate {
  readonly node: NodeInfo
  readonly failures: number
  /** The node's version when `score` was made. */
  version: number
  score: Score
}

/**
 * A heap of candidates. A node that has changed is looked at again only when it comes to the top:
 * it is dropped if it no longer fits, and else sinks to its new place.
 */
export class HeapPool implements Pool {
  readonly #context: PoolContext
  readonly #heap: Candidate[]

  constructor(context: PoolContext, nodes: Iterable<NodeInfo>) {
    this.#context = context
    this.#heap = []
    for (const node of nodes) if (context.fits(node)) this.#heap.push(this.#candidate(node))
    heapify(this.#heap, compareCandidates)
  }

  best(): NodeInfo | undefined {
    for (;;) {
      const top = this.#heap[0]
      if (top === undefined || top.version === top.node.version) return top?.node
      if (this.#context.fits(top.node)) {
        top.version = top.node.version
        top.score = this.#score(top.node, top.score)
      } else {
        const last = this.#heap.pop()
        if (last !== undefined && last !== top) this.#heap[0] = last
      }
      siftDown(this.#heap, 0, compareCandidates)
    }
  }

  compare(a: NodeInfo, b: NodeInfo): number {
    return compareCandidates(this.#candidate(a), this.#candidate(b))
  }

  /** The node's version has grown: that is all there is to know. */
  placed(): void {}

  #candidate(node: NodeInfo): Candidate {
    const failures = this.#context.troubled.get(node) ?? 0
    return { node, failures, version: node.version, score: this.#score(node, undefined) }
  }

  #score(node: NodeInfo, before: Score | undefined): Score {
    return this.#context.strategy.score(node, this.#context.serviceId, before, this.#context.random)
  }
}

function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    a.failures - b.failures ||
    a.score.first - b.score.first ||
    a.score.second - b.score.second ||
    a.node.ordinal - b.node.ordinal
  )
}
