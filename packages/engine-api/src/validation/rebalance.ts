import type { StringMap } from '../documents/index.js'
import { REBALANCE_LABEL, REBALANCE_MODES, rebalanceMode } from '../rebalance.js'
import { refuseArgument } from './refuse.js'

/** @throws InvalidDocument for a mode that nobody knows */
export function checkRebalance(labels: StringMap): void {
  const value = labels[REBALANCE_LABEL]
  if (value === undefined || rebalanceMode(labels) !== undefined) return
  refuseArgument(
    `invalid value ${JSON.stringify(value)} for the label ${REBALANCE_LABEL}: it must be one of ${REBALANCE_MODES.join(', ')}`,
  )
}
