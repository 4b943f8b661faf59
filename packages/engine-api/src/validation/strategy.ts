import type { StringMap } from '../documents/index.js'
import { STRATEGIES, STRATEGY_LABEL, strategyNamed } from '../strategy.js'
import { refuseArgument } from './refuse.js'

/** @throws InvalidDocument for a strategy that nobody knows */
export function checkStrategy(labels: StringMap): void {
  const value = labels[STRATEGY_LABEL]
  if (value === undefined || strategyNamed(labels) !== undefined) return
  refuseArgument(
    `invalid value ${JSON.stringify(value)} for the label ${STRATEGY_LABEL}: it must be one of ${STRATEGIES.join(', ')}`,
  )
}
