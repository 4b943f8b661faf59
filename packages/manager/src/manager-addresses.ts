import type { ManagerInfo } from './leader/index.js'
import type { NodeRecord } from './state/index.js'
import type { StateView } from './state/view.js'

/** The port of a manager that nothing else is known of. */
const DEFAULT_PORT = 2377

/**
 * `host:port` of every manager's 2377: of those that are alive, the primary's first, then of those that are silent.
 * Agents keep these addresses. One that only knew whom it found alive would never find the others again when it
 * comes back after a while and they have taken turns.
 */
export function managerAddresses(
  view: StateView,
  directory: { managers(): readonly ManagerInfo[] },
): string[] {
  const alive = directory.managers()
  const known = new Set(alive.map(({ managerId }) => managerId))
  const silent = [...view.all('node')].filter(({ ID, Spec }) => Spec.Role === 'manager' && !known.has(ID))
  const addresses = [...alive.map(({ address }) => address), ...silent.flatMap(silentAddress)]
  return [...new Set(addresses)]
}

/** Where a manager that has not registered is, as far as its node's record knows. */
export function lastAddressOf({ ManagerStatus, Status }: NodeRecord): string {
  return ManagerStatus?.Addr ?? `${Status.Addr}:${DEFAULT_PORT}`
}

function silentAddress(node: NodeRecord): string[] {
  return node.ManagerStatus?.Addr || node.Status.Addr ? [lastAddressOf(node)] : []
}
