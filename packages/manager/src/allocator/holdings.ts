import { isAtLeast, isTerminal, unreachable } from '@shoal/common'
import { type Endpoint, type Ipv4, parseCidr, parseIpv4, parseSubnet } from '@shoal/engine-api'
import type { Change, GatewayRecord, ServiceRecord, TaskRecord } from '../state/records.js'
import { addressesOf } from './occupancy.js'

/** An address that a record has in a network. */
export interface Holding {
  readonly networkId: string
  readonly address: Ipv4
}

/** What a task holds until it has ended: while it stops, its container still answers there. */
export function holdingsOfTask(task: TaskRecord | undefined): Holding[] {
  return task && !isTerminal(task.Status.State) ? attachedTo(task) : []
}

/** The addresses that a task was given, whether it still has them or not. */
export function attachedTo({ NetworksAttachments = [] }: TaskRecord): Holding[] {
  return NetworksAttachments.flatMap(({ Network, Addresses }) =>
    holdings(Network.ID, Addresses.map(addressOf)),
  )
}

/** VIPs; also those of the spec that a rollback would return to. */
export function holdingsOfService(service: ServiceRecord | undefined): Holding[] {
  if (!service) return []
  const all = [...virtualIps(service.Endpoint), ...virtualIps(service.Shoal.PreviousEndpoint)]
  return [...new Map(all.map((holding) => [`${holding.networkId}/${holding.address}`, holding])).values()]
}

export function holdingsOfGateway(gateway: GatewayRecord | undefined): Holding[] {
  if (!gateway) return []
  const block = parseSubnet(gateway.IPRange ?? '')
  return holdings(gateway.NetworkID, [parseIpv4(gateway.Address), ...(block ? addressesOf(block) : [])])
}

/** What a change takes, and what it frees. */
export function movement(change: Change): { taken: Holding[]; freed: Holding[] } {
  switch (change.kind) {
    case 'task':
      return difference(holdingsOfTask(change.before), holdingsOfTask(change.after))
    case 'service':
      return difference(holdingsOfService(change.before), holdingsOfService(change.after))
    case 'gateway':
      return difference(holdingsOfGateway(change.before), holdingsOfGateway(change.after))
    case 'cluster':
    case 'config':
    case 'network':
    case 'node':
    case 'secret':
    case 'spec':
      return { taken: [], freed: [] }
    default:
      return unreachable(change)
  }
}

/** The node that a task is on, as far as its networks are concerned. */
export function nodeOf(task: TaskRecord | undefined): string | undefined {
  if (!task || !isAtLeast(task.Status.State, 'assigned') || isTerminal(task.Status.State)) return undefined
  return task.NodeID
}

function difference(before: Holding[], after: Holding[]): { taken: Holding[]; freed: Holding[] } {
  if (before.length === 0 || after.length === 0) return { taken: after, freed: before }
  const without = (list: Holding[], others: Holding[]): Holding[] =>
    list.filter((one) => !others.some((other) => isSame(one, other)))
  return { taken: without(after, before), freed: without(before, after) }
}

function isSame(one: Holding, other: Holding): boolean {
  return one.networkId === other.networkId && one.address === other.address
}

function virtualIps(endpoint: Endpoint | undefined): Holding[] {
  return (endpoint?.VirtualIPs ?? []).flatMap(({ NetworkID, Addr }) => holdings(NetworkID, [addressOf(Addr)]))
}

function addressOf(cidr: string): Ipv4 | undefined {
  return parseCidr(cidr)?.address
}

function holdings(networkId: string, addresses: readonly (Ipv4 | undefined)[]): Holding[] {
  return addresses.flatMap((address) => (address === undefined ? [] : [{ networkId, address }]))
}
