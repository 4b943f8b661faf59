/** What a task that follows another within its slot takes over from it. */
import type { TaskRecord } from '../../state/records.js'
import type { ServiceContext } from '../context.js'

/**
 * The version that a follower is made from when it is not the follower's turn to be updated: the same again,
 * so that a paused rollout stays where it is. Where only the placement differs, the new one holds.
 */
export function keptVersion({ specs }: ServiceContext, task: TaskRecord): number {
  const version = task.Shoal.SpecVersion
  return specs.likeness(version) === 'placement' || !specs.exists(version) ? specs.target : version
}

/** The restart policy's memory, which belongs to the slot; a new version begins without. */
export function inherited(
  task: TaskRecord,
  version: number,
): Pick<TaskRecord['Shoal'], 'StartAfterMs' | 'RestartsAtMs' | 'QuickFailures'> {
  if (task.Shoal.SpecVersion !== version) return {}
  const { StartAfterMs, RestartsAtMs, QuickFailures } = task.Shoal
  return {
    ...(StartAfterMs !== undefined && { StartAfterMs }),
    ...(RestartsAtMs && { RestartsAtMs }),
    ...(QuickFailures !== undefined && { QuickFailures }),
  }
}

/** How a new task begins beside the one that it replaces, or alone. */
export function desiredBeside(
  { now, order }: ServiceContext,
  old: TaskRecord | undefined,
  startAfterMs: number | undefined,
): 'ready' | 'running' {
  if ((startAfterMs ?? 0) > now) return 'ready'
  return old === undefined || order === 'start-first' ? 'running' : 'ready'
}
