import { isAtLeast, isTerminal } from '@shoal/common'
import type { TaskRecord } from '../state/records.js'

/** An address without the length of its subnet. */
export function bareAddress(cidr: string): string {
  return cidr.split('/', 1)[0] ?? cidr
}

/** The bare address of a task on each of its networks, by network ID. */
export function addressesOf({ NetworksAttachments = [] }: TaskRecord): Record<string, string> {
  const addresses: Record<string, string> = {}
  for (const { Network, Addresses } of NetworksAttachments) {
    const [first] = Addresses
    if (first !== undefined) addresses[Network.ID] = bareAddress(first)
  }
  return addresses
}

/** Whether its container may have its addresses on its node: it is placed, and not known to have ended. */
export function isThere(task: TaskRecord): task is TaskRecord & { readonly NodeID: string } {
  const { State } = task.Status
  return task.NodeID !== undefined && isAtLeast(State, 'assigned') && !isTerminal(State)
}
