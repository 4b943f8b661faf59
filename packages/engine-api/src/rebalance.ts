import type { StringMap } from './documents/index.js'

/**
 * The label of a service, or of the cluster, that has tasks move by themselves when nodes come. Docker's API has no
 * field for it.
 */
export const REBALANCE_LABEL = 'shoal.rebalance'

export const REBALANCE_MODES = ['auto', 'never'] as const
export type RebalanceMode = (typeof REBALANCE_MODES)[number]

/** @returns undefined when the label is missing, or its value names no mode */
export function rebalanceMode(labels: StringMap): RebalanceMode | undefined {
  const text = labels[REBALANCE_LABEL]
  return REBALANCE_MODES.find((mode) => mode === text)
}
