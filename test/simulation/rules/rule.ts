import type { AssignedTask } from '@shoal/engine-api'
import type { Change } from '@shoal/manager/state/records'
import type { Written } from '../shared-store.js'

/** One safety rule. It tells the world when it does not hold; what it remembers is its own. */
export interface Rule {
  /** After a write: the truth holds it already. */
  onWrite?(changes: readonly Change[], written: Written): void
  /** What a manager's memory tells its listeners. */
  inMemory?(changes: readonly Change[], manager: string): void
  /** A container has just started. */
  onStart?(nodeId: string, task: AssignedTask): void
}
