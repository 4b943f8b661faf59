import { fromTimestamp, isBefore, isDesiredAlive } from '@shoal/common'
import { rebalanceMode } from '@shoal/engine-api'
import { endRebalance, rolloutConfig } from '../orchestrator/index.js'
import type { MovesRequest } from '../scheduler/index.js'
import type { Move, NodeRecord, ServiceRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'

export interface RebalancePlan {
  /** The service's record, when it has to change. */
  readonly service?: ServiceRecord
  /** When to look again although nothing changed, in milliseconds since the epoch. */
  readonly wakeAtMs?: number
}

/** What nobody asked for waits until a node has been there for so long: it may go again. In milliseconds. */
export const STEADY_MS = 10_000
/** What nobody asked for is not tried again for so long after it failed, in milliseconds. */
export const REST_AFTER_FAILURE_MS = 10 * 60_000
/** To look for moves takes time: so many at once, however many may be under way. */
const MOST_AT_ONCE = 100
/** The scheduler does not know all nodes yet. In milliseconds. */
const LOOK_AGAIN_MS = 500

/** Whether tasks move although nobody asked: the service's label says so, else the cluster's. */
export function isAutomatic(view: StateView, { Spec: spec }: ServiceRecord): boolean {
  if (!spec.Mode?.Replicated) return false
  const mode = rebalanceMode(spec.Labels ?? {}) ?? rebalanceMode(view.cluster()?.Spec.Labels ?? {})
  return mode === 'auto'
}

/**
 * The next step of a service's rebalance, if there is one or should be one.
 * @param now milliseconds since the epoch
 * @param moves see worthwhileMoves of the scheduler; it gives undefined while it cannot say
 */
export function decideRebalance(
  view: StateView,
  serviceId: string,
  now: number,
  moves: (request: MovesRequest) => readonly Move[] | undefined,
): RebalancePlan {
  const service = view.get('service', serviceId)
  if (!service) return {}
  const { Rebalance: present } = service.Shoal
  if (!present) return isAutomatic(view, service) ? decideBeginning(view, service, now, moves) : {}
  // A few at a time: those that are under way come first.
  if (present.Moves.length > 0) return {}
  const { parallelism, delayMs } = rolloutConfig(service)
  const nextAtMs = (present.MovedAtMs ?? -Infinity) + delayMs
  if (nextAtMs > now) return { wakeAtMs: nextAtMs }
  const count = Math.min(parallelism, MOST_AT_ONCE)
  const next = moves({ serviceId, count, mayTake: () => true, nowMs: now })
  if (next === undefined) return { wakeAtMs: now + LOOK_AGAIN_MS }
  if (next.length === 0) return { service: endRebalance(service, present, now) }
  return { service: { ...service, Shoal: { ...service.Shoal, Rebalance: { ...present, Moves: next } } } }
}

/** Whether to begin what nobody asked for: when the service is at rest, and a node that has come is there to stay. */
function decideBeginning(
  view: StateView,
  service: ServiceRecord,
  now: number,
  moves: (request: MovesRequest) => readonly Move[] | undefined,
): RebalancePlan {
  const { Rollout: rollout, Rebalanced: latest } = service.Shoal
  // Their ends change the service, or a task's state.
  if (rollout || isInMotion(view, service)) return {}
  const restsUntilMs = latest?.Failure === undefined ? 0 : latest.EndedAtMs + REST_AFTER_FAILURE_MS
  if (restsUntilMs > now) return { wakeAtMs: restsUntilMs }
  let wakeAtMs: number | undefined
  const isSteady = (node: NodeRecord): boolean => {
    const steadyAtMs = fromTimestamp(node.UpdatedAt) + STEADY_MS
    if (steadyAtMs <= now) return true
    wakeAtMs = Math.min(wakeAtMs ?? Infinity, steadyAtMs)
    return false
  }
  const next = moves({ serviceId: service.ID, count: 1, mayTake: isSteady, nowMs: now })
  if (next === undefined) return { wakeAtMs: now + LOOK_AGAIN_MS }
  if (next.length === 0) return wakeAtMs === undefined ? {} : { wakeAtMs }
  const Rebalance = { StartedAtMs: now, Moves: [], Moved: 0 }
  return { service: { ...service, Shoal: { ...service.Shoal, Rebalance } } }
}

function isInMotion(view: StateView, service: ServiceRecord): boolean {
  for (const task of view.tasksOfService(service.ID)) {
    if (isDesiredAlive(task.DesiredState) && isBefore(task.Status.State, 'running')) return true
  }
  return false
}
