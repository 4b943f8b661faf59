import { fromTimestamp } from '@shoal/common'
import type { NetworkRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import type { Filters } from '../request/filters.js'
import { instantOf } from '../request/instant.js'
import { isDangling } from './remove.js'

export const PRUNE_FILTERS = ['label', 'label!', 'until']

/**
 * The networks that `network prune` removes: unused ones, but never the ingress network, which asks for a decision.
 * @param nowMs milliseconds since the epoch
 * @throws ShoalError `invalid-argument` for an `until` that is no time
 */
export function networksToPrune(state: StateView, filters: Filters, nowMs: number): NetworkRecord[] {
  const untilMs = Math.min(...filters.values('until').map((text) => instantOf(text, nowMs)))
  return [...state.all('network')].filter(
    (network) =>
      !network.Spec.Ingress &&
      fromTimestamp(network.CreatedAt) < untilMs &&
      filters.labels('label', network.Spec.Labels) &&
      (filters.values('label!').length === 0 || !filters.labels('label!', network.Spec.Labels)) &&
      isDangling(state, network),
  )
}
