import { ShoalError } from '@shoal/common'
import { spread, strategyOf } from '../../scheduler/index.js'
import { put, type Mutation, type ServiceRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { findService } from '../request/lookup.js'

/** In the words of `GET /shoal/services/{id}/rebalance`. */
export interface RebalanceAnswer {
  readonly State: 'none' | 'moving' | 'done'
  /** How many tasks are on their way. */
  readonly Moving: number
  /** How many have moved, in this rebalance or the latest one. */
  readonly Moved: number
  /** Why the latest one ended before all was even. */
  readonly Failure?: string
}

/**
 * Begins a rebalance; one that is under way goes on.
 * @throws ShoalError `not-found`; `invalid-argument` for services that have no replicas to spread;
 *   `failed-precondition` during an update
 */
export function planRebalance(
  state: StateView,
  reference: string,
  nowMs: number,
): { mutations: readonly Mutation[]; result: RebalanceAnswer } {
  const service = findService(state, reference)
  const name = service.Spec.Name ?? service.ID
  if (!service.Spec.Mode?.Replicated) {
    throw new ShoalError('invalid-argument', 'rebalance can only be used with replicated mode')
  }
  const strategy = strategyOf(state, service.ID, spread)
  if (strategy.name !== 'spread') {
    throw new ShoalError(
      'invalid-argument',
      `service ${name} is placed by the strategy ${strategy.name}: there is nothing to even out`,
    )
  }
  if (service.Shoal.Rollout) {
    throw new ShoalError('failed-precondition', `service ${name} is being updated: rebalance it afterwards`)
  }
  if (service.Shoal.Rebalance) return { mutations: [], result: rebalanceAnswer(service) }
  const Rebalance = { StartedAtMs: nowMs, Moves: [], Moved: 0 }
  const begun: ServiceRecord = { ...service, Shoal: { ...service.Shoal, Rebalance } }
  return { mutations: [put('service', begun)], result: rebalanceAnswer(begun) }
}

export function rebalanceAnswer({ Shoal: own }: ServiceRecord): RebalanceAnswer {
  const { Rebalance: present, Rebalanced: latest } = own
  if (present) return { State: 'moving', Moving: present.Moves.length, Moved: present.Moved }
  if (!latest) return { State: 'none', Moving: 0, Moved: 0 }
  const { Moved, Failure = latest.Overtaken && 'an update of the service came first' } = latest
  return { State: 'done', Moving: 0, Moved, ...(Failure !== undefined && { Failure }) }
}
