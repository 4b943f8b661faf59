import type { Constraint } from '@shoal/engine-api'
import type { Random } from '@shoal/common'
import type { NodeClass } from './node-class.js'
import type { NodeInfo } from './node-info.js'
import type { Score, Strategy } from './strategy.js'

/** Greater than any difference between what a strategy thinks of two nodes. */
const PER_WISH = 1e9

interface WishfulScore extends Score {
  readonly ofStrategy: Score
}

/** No strategy that has a best score once is without it later; nothing is better than this. */
const NOTHING: Score = { first: -Infinity, second: -Infinity }

/** The same strategy among nodes that meet equally many wishes; before that, the fewest that are not met. */
export function wishful(strategy: Strategy, unmet: (node: NodeInfo) => number): Strategy {
  return {
    name: strategy.name,
    score(node: NodeInfo, serviceId: string, before: Score | undefined, random: Random): WishfulScore {
      const ofStrategy = strategy.score(
        node,
        serviceId,
        (before as WishfulScore | undefined)?.ofStrategy,
        random,
      )
      const { first, second } = ofStrategy
      return { first: unmet(node) * PER_WISH + first, second, ofStrategy }
    },
    // At the best, a node meets all of them.
    ...(strategy.bestAt && { bestAt: (tasks: number) => strategy.bestAt?.(tasks) ?? NOTHING }),
  }
}

/**
 * @param singlesOut whether they look at more than a node has in common with its class: then each node is asked
 * @returns how many of the constraints a node does not satisfy
 */
export function unmetConstraints(
  wishes: readonly Constraint[],
  singlesOut: boolean,
): (node: NodeInfo) => number {
  const count = (node: NodeInfo): number => wishes.filter((wish) => !wish.matches(node.record)).length
  if (singlesOut) return count
  const ofClass = new WeakMap<NodeClass, number>()
  return (node) => {
    if (!node.class.uniform) return count(node)
    const known = ofClass.get(node.class)
    if (known !== undefined) return known
    const unmet = count(node)
    ofClass.set(node.class, unmet)
    return unmet
  }
}
