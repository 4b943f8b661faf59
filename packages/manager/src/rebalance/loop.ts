import { toTimestamp, unreachable, type Clock } from '@shoal/common'
import type { KeyedReconciler } from '../loops/keyed-loop.js'
import type { Scheduler } from '../scheduler/index.js'
import { put, type Change, type NodeRecord, type ServiceRecord } from '../state/records.js'
import type { State } from '../state/state.js'
import { decideRebalance, isAutomatic } from './decide.js'

export interface RebalancerDeps {
  readonly state: State
  readonly clock: Clock
  readonly scheduler: Pick<Scheduler, 'moves'>
}

/** Keys are the IDs of services. */
export function createRebalancer({ state, clock, scheduler }: RebalancerDeps): KeyedReconciler {
  return {
    name: 'rebalance',
    keysOf: (change) => servicesConcerned(state, change),
    allKeys: () => ofInterest(state),
    async reconcile(serviceId) {
      const now = clock.now()
      const plan = decideRebalance(state, serviceId, now, (request) => scheduler.moves(request))
      if (plan.service) await state.commit([put('service', { ...plan.service, UpdatedAt: toTimestamp(now) })])
      return plan.wakeAtMs
    },
  }
}

function* ofInterest(state: State): Iterable<string> {
  for (const service of state.all('service')) if (isOfInterest(state, service)) yield service.ID
}

function isOfInterest(state: State, service: ServiceRecord): boolean {
  return service.Shoal.Rebalance !== undefined || isAutomatic(state, service)
}

function servicesConcerned(state: State, change: Change): Iterable<string> {
  switch (change.kind) {
    case 'node':
      return isTakingMore(change.after) && !isTakingMore(change.before) ? ofInterest(state) : []
    case 'cluster':
      return ofInterest(state)
    case 'service':
      return change.after && isOfInterest(state, change.after) ? [change.after.ID] : []
    case 'task': {
      // When the last of a service runs there may be something to even out.
      if (change.after?.Status.State !== 'running' || change.before?.Status.State === 'running') return []
      const service = state.get('service', change.after.ServiceID)
      return service && isOfInterest(state, service) ? [service.ID] : []
    }
    case 'spec':
    case 'network':
    case 'gateway':
    case 'secret':
    case 'config':
      return []
    default:
      return unreachable(change)
  }
}

function isTakingMore(node: NodeRecord | undefined): boolean {
  return node?.Status.State === 'ready' && (node.Spec.Availability ?? 'active') === 'active'
}
