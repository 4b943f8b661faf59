import type { StringMap } from './documents/index.js'

/**
 * The label of a service, or of the cluster, that says which of the nodes that fit a task goes to. Docker's API has no
 * field for it.
 */
export const STRATEGY_LABEL = 'shoal.strategy'

export const STRATEGIES = ['spread', 'binpack', 'random'] as const
export type StrategyName = (typeof STRATEGIES)[number]

/** @returns undefined when the label is missing, or its value names no strategy */
export function strategyNamed(labels: StringMap): StrategyName | undefined {
  const text = labels[STRATEGY_LABEL]
  return STRATEGIES.find((name) => name === text)
}
