import type { TaskRecord } from '../../state/records.js'
import type { ServiceContext } from '../context.js'
import { isUnassigned } from '../task-facts.js'

/**
 * Whether a task of a replicated service has to leave its node: a rebalance moves it, the node is drained, or
 * constraints and platforms no longer allow it. Nodes that are down or gone are another matter: their tasks are lost.
 */
export function mustMove(context: ServiceContext, task: TaskRecord): boolean {
  if (task.Slot === undefined || task.NodeID === undefined || isUnassigned(task)) return false
  if (context.moves.has(task.ID)) return true
  const node = context.view.get('node', task.NodeID)
  if (!node) return false
  if (node.Spec.Availability === 'drain') return true
  return !context.specs.fits(placementVersion(context, task), node)
}

/**
 * The version whose placement governs the task. One that differs from the service's in placement alone obeys
 * the new placement, but while a rollout can take it along it keeps to its own, so that it moves at the rollout's pace.
 */
function placementVersion({ specs, service }: ServiceContext, task: TaskRecord): number {
  const version = task.Shoal.SpecVersion
  const state = service.UpdateStatus?.State
  const isRolling = state === undefined || state === 'updating' || state === 'rollback_started'
  return specs.likeness(version) === 'placement' && !isRolling ? specs.target : version
}
