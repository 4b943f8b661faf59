import type { TaskRecord } from '../../state/records.js'
import type { ServiceContext } from '../context.js'

/**
 * Whether a task that was to replace `old`, and has not taken over yet, is of a version that nobody asks for
 * any more: a newer update or a rollback came in between. One of the same version as `old` is no matter of
 * versions: it moves the task to another node.
 */
export function isUnwanted({ specs }: ServiceContext, newest: TaskRecord, old: TaskRecord): boolean {
  const version = newest.Shoal.SpecVersion
  return specs.likeness(version) !== 'same' && version !== old.Shoal.SpecVersion
}
