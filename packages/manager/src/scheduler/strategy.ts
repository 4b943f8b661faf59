import type { Random } from '@shoal/common'
import { type StrategyName, strategyNamed } from '@shoal/engine-api'
import type { StateView } from '../state/view.js'
import type { NodeInfo } from './node-info.js'

/** What a strategy thinks of a node: the smaller, the better; `second` decides where `first` is equal. */
export interface Score {
  readonly first: number
  readonly second: number
}

/** Negative when `a` is the better one. */
export function compareScores(a: Score, b: Score): number {
  return a.first - b.first || a.second - b.second
}

/**
 * Puts the nodes that fit in order. A node's score may be asked again when the node has changed, and must
 * not have become better by a task that was placed there (so that whoever keeps an old one errs on no
 * other node's cost), except where the same node then stays the best.
 */
export interface Strategy {
  readonly name: StrategyName
  /** @param before the node's score when it was last asked for this group of tasks */
  score(node: NodeInfo, serviceId: string, before: Score | undefined, random: Random): Score
  /**
   * The best score that a node can have on which so many tasks stay, growing with them. A strategy that can
   * say so spares the scheduler the look at most nodes when a service has few tasks.
   */
  bestAt?(tasks: number): Score
  /** What the score of a node is at the least when one more task was placed on it: a strategy may be able to say so. */
  afterPlacing?(score: Score): Score
}

/** Fewest tasks of this service, then fewest tasks. */
export const spread: Strategy = {
  name: 'spread',
  score: (node, serviceId) => ({ first: node.stayingOf(serviceId), second: node.tasks }),
  bestAt: (tasks) => ({ first: 0, second: tasks }),
  afterPlacing: ({ first, second }) => ({ first: first + 1, second: second + 1 }),
}

/** The fullest node that still has room: by the shares of CPU and memory reserved, then by tasks. */
export const binpack: Strategy = {
  name: 'binpack',
  score(node) {
    const { NanoCPUs: cpus = 0, MemoryBytes: memory = 0 } = node.record.Description.Resources
    const reserved = (cpus > 0 ? node.nanoCpusHeld / cpus : 0) + (memory > 0 ? node.memoryHeld / memory : 0)
    return { first: -reserved, second: -node.tasks }
  },
}

/**
 * Any node, each as likely as the other, every time. The scores are arrival times with exponentially
 * distributed gaps: whoever comes next is a fair draw, however the draws before went.
 */
export const random: Strategy = {
  name: 'random',
  score: (_node, _serviceId, before, source) => ({
    first: (before?.first ?? 0) - Math.log(1 - source.next()),
    second: 0,
  }),
}

const BY_NAME: Readonly<Record<StrategyName, Strategy>> = { spread, binpack, random }

/** By what the service's tasks are placed: what its label says, else the cluster's, else `usual`. */
export function strategyOf(view: StateView, serviceId: string, usual: Strategy): Strategy {
  const ofService = strategyNamed(view.get('service', serviceId)?.Spec.Labels ?? {})
  const name = ofService ?? strategyNamed(view.cluster()?.Spec.Labels ?? {})
  return name === undefined ? usual : BY_NAME[name]
}
