import type { NodeInfo } from './node-info.js'
import { compareScores, type Score } from './strategy.js'

interface Run {
  readonly atLeast: Score
  readonly nodes: NodeInfo[]
  /** So many of them are here no more. */
  taken: number
}

/**
 * Nodes on which a task was placed, in the order of what their scores are at the least: nobody need reckon them before
 * that is the best there is. Mostly a group has fewer tasks than there are nodes, and that never comes.
 */
export class PlacedNodes {
  /** Those of one score stand together: mostly there are as many as the loads of nodes differ by. */
  readonly #runs: Run[] = []

  /** What the first one's score is at the least. */
  get atLeast(): Score | undefined {
    return this.#runs[0]?.atLeast
  }

  /** @returns whether it was taken in: not so if it may be better than one that is here */
  add(node: NodeInfo, atLeast: Score): boolean {
    const last = this.#runs.at(-1)
    const order = last ? compareScores(atLeast, last.atLeast) : 1
    if (order < 0) return false
    if (last && order === 0) last.nodes.push(node)
    else this.#runs.push({ atLeast, nodes: [node], taken: 0 })
    return true
  }

  /** Takes the first one out. */
  take(): NodeInfo | undefined {
    const [first] = this.#runs
    const node = first?.nodes[first.taken++]
    if (first?.taken === first?.nodes.length) this.#runs.shift()
    return node
  }
}
