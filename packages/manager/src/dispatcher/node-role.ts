import type { ManagerSetup, NodeRole } from '@shoal/proto'
import type { NodeRecord } from '../state/records.js'

/** What a node's agent is told of its role. @param setup what a manager needs to reach the store, where several do */
export function roleOf({ Spec }: NodeRecord, setup: ManagerSetup | undefined): NodeRole {
  if (Spec.Role !== 'manager') return { isManager: false }
  return { isManager: true, ...(setup && { setup }) }
}
