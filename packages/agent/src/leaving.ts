import type { AssignmentHandler } from './session/index.js'

export interface ClosableAssignments extends AssignmentHandler {
  /** From now on, what a manager still sends is not carried out any more. */
  close(): void
}

/**
 * Hands assignments on until it is closed. A manager that has not yet heard that the node leaves (or whose messages
 * are still on the way) would otherwise have new tasks started while the old ones are being removed.
 */
export function closable(handler: AssignmentHandler): ClosableAssignments {
  let open = true
  return {
    replaceAll: (tasks) => (open ? handler.replaceAll(tasks) : undefined),
    change: (change) => (open ? handler.change(change) : undefined),
    statuses: () => handler.statuses(),
    close: () => {
      open = false
    },
  }
}
