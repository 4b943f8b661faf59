import type { StringMap } from '../documents/index.js'
import { REBALANCE_LABEL, REBALANCE_MODES } from '../rebalance.js'
import { RESOURCE_BASES, RESOURCES_LABEL } from '../resource-basis.js'
import { STRATEGIES, STRATEGY_LABEL } from '../strategy.js'
import { refuseArgument } from './refuse.js'

/** The labels of services, and of the cluster, that say where tasks go, with the values that they may have. */
const LABELS: readonly (readonly [string, readonly string[]])[] = [
  [STRATEGY_LABEL, STRATEGIES],
  [REBALANCE_LABEL, REBALANCE_MODES],
  [RESOURCES_LABEL, RESOURCE_BASES],
]

/** @throws InvalidDocument for a value that nobody knows */
export function checkPlacementLabels(labels: StringMap): void {
  for (const [label, values] of LABELS) {
    const value = labels[label]
    if (value === undefined || values.includes(value)) continue
    refuseArgument(
      `invalid value ${JSON.stringify(value)} for the label ${label}: it must be one of ${values.join(', ')}`,
    )
  }
}
