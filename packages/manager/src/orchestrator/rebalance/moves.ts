import type { Move, Rebalance, RebalanceEnd, ServiceRecord, TaskRecord } from '../../state/records.js'
import { createContext, type ServiceContext } from '../context.js'
import type { Slot } from '../slot/slot.js'
import { hasEnded, isGone, isRunning, isUnplaceable } from '../task-facts.js'

/** What became of a move. */
type Outcome =
  | { readonly type: 'under-way' }
  | { readonly type: 'moved' }
  /** There is nothing to be moved any more. */
  | { readonly type: 'dropped' }
  | { readonly type: 'failed'; readonly reason: string }

/**
 * The context in which only those moves of a rebalance are left that are still under way. One that fails ends all of
 * them: what has not switched yet stays where it was.
 */
export function withMovesFollowed(context: ServiceContext, slots: readonly Slot[]): ServiceContext {
  const { service, view, now, newId } = context
  const { Rebalance: rebalance } = service.Shoal
  if (!rebalance) return context
  const follow = rebalanceAfter(context, rebalance, slots)
  if (follow === service) return context
  return createContext(view, follow, now, newId)
}

function rebalanceAfter(
  context: ServiceContext,
  rebalance: Rebalance,
  slots: readonly Slot[],
): ServiceRecord {
  const { service, now } = context
  if (service.Shoal.Rollout) return ended(service, rebalance, now, { Overtaken: true })
  const newest = newestByTask(slots)
  const outcomes = rebalance.Moves.map((move) => ({
    move,
    outcome: outcomeOf(context, move, newest.get(move.Task)),
  }))
  const left = outcomes.filter(({ outcome }) => outcome.type === 'under-way')
  if (left.length === outcomes.length) return service
  const moved = outcomes.filter(({ outcome }) => outcome.type === 'moved').length
  const after: Rebalance = {
    ...rebalance,
    Moves: left.map(({ move }) => move),
    Moved: rebalance.Moved + moved,
    ...(moved > 0 && { MovedAtMs: now }),
  }
  for (const { outcome } of outcomes) {
    if (outcome.type === 'failed') return ended(service, after, now, { Failure: outcome.reason })
  }
  return { ...service, Shoal: { ...service.Shoal, Rebalance: after } }
}

/** The newest task of each slot, by its own ID and by that of the task that it replaces. */
function newestByTask(slots: readonly Slot[]): Map<string, TaskRecord> {
  const byTask = new Map<string, TaskRecord>()
  for (const { newest } of slots) {
    if (!newest) continue
    byTask.set(newest.ID, newest)
    if (newest.Shoal.Replaces !== undefined) byTask.set(newest.Shoal.Replaces, newest)
  }
  return byTask
}

function outcomeOf({ view }: ServiceContext, move: Move, newest: TaskRecord | undefined): Outcome {
  const task = view.get('task', move.Task)
  const successor = newest?.Shoal.Replaces === move.Task ? newest : undefined
  if (task === undefined || isGone(view, task)) {
    const hasArrived = successor !== undefined && isRunning(successor) && successor.NodeID === move.Node
    return { type: hasArrived ? 'moved' : 'dropped' }
  }
  if (successor && (hasEnded(successor) || isUnplaceable(successor))) {
    return { type: 'failed', reason: reasonOf(successor) }
  }
  // What does not run is no move, but a restart, and the scheduler finds a place for that.
  const isPossible = successor !== undefined || (newest?.ID === move.Task && isRunning(task))
  return isPossible || newest === undefined ? { type: 'under-way' } : { type: 'dropped' }
}

function reasonOf({ ID: id, Status: status }: TaskRecord): string {
  return `task ${id}: ${status.Err ?? status.Message ?? status.State}`
}

/**
 * The service after its rebalance.
 * @param now milliseconds since the epoch
 * @param why it ends before all is even
 */
export function ended(
  service: ServiceRecord,
  { Moved }: Rebalance,
  now: number,
  why: Pick<RebalanceEnd, 'Failure' | 'Overtaken'> = {},
): ServiceRecord {
  const { Rebalance: _over, ...rest } = service.Shoal
  const Rebalanced = { EndedAtMs: now, Moved, ...why }
  return { ...service, Shoal: { ...rest, Rebalanced } }
}
