import { isDesiredAlive, toTimestamp } from '@shoal/common'
import type { NetworkAttachment } from '@shoal/engine-api'
import { type GatewayRecord, gatewayId, type NetworkRecord, type TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { type Missing, networksOf } from './needs.js'
import { blockBits, roomOf } from './room.js'

/** Addresses that are set aside until the outcome of a commit is known. */
export interface Reserved {
  takeCidr(networkId: string): string | undefined
  take(networkId: string): string | undefined
  takeBlock(networkId: string, bits: number): string | undefined
  end(error?: unknown): void
}

/** What the decisions ask of the book of addresses. */
export interface Addresses {
  reserve(): Reserved
  restEndsAtMs(networkId: string): number | undefined
  isPresent(networkId: string, nodeId: string): boolean
}

/** What the allocator can do. commit.ts carries each kind out. */
export type Step =
  | {
      readonly type: 'allocate'
      readonly task: TaskRecord
      readonly attachments: readonly NetworkAttachment[]
      readonly reserved: Reserved
    }
  | { readonly type: 'refuse'; readonly task: TaskRecord; readonly reason: string }
  | { readonly type: 'admit'; readonly gateway: GatewayRecord; readonly reserved: Reserved }
  | { readonly type: 'dismiss'; readonly gateway: GatewayRecord }

export interface Plan {
  readonly steps: readonly Step[]
  /** The networks that had no address left. */
  readonly exhausted: readonly string[]
  /** When to look again although nothing changed, in milliseconds since the epoch. */
  readonly wakeAtMs?: number
}

/** Gives the new tasks of a service their addresses: all that a task needs, or none. */
export function decideTasks(view: StateView, addresses: Addresses, serviceId: string): Plan {
  const steps: Step[] = []
  const exhausted = new Set<string>()
  for (const task of view.tasksOfService(serviceId)) {
    const step = isNew(task) ? decideTask(view, addresses, task, exhausted) : undefined
    if (step) steps.push(step)
  }
  return { steps, exhausted: [...exhausted], ...wakeFor(addresses, exhausted) }
}

export function isNew(task: TaskRecord): boolean {
  return task.Status.State === 'new' && isDesiredAlive(task.DesiredState)
}

function decideTask(
  view: StateView,
  addresses: Addresses,
  task: TaskRecord,
  exhausted: Set<string>,
): Step | undefined {
  const spec = view.specOf(task)
  // Without its service it is about to be let go, and a spec that is not there yet is heard of.
  if (!spec) return undefined
  const networks = networksOf(view, spec)
  if ('reason' in networks) return refusal(task, networks)
  const full = networks.find(({ ID }) => exhausted.has(ID))
  if (full) return refusal(task, noAddress(full))
  const reserved = addresses.reserve()
  const attachments: NetworkAttachment[] = []
  for (const network of networks) {
    const address = reserved.takeCidr(network.ID)
    if (address === undefined) {
      reserved.end()
      exhausted.add(network.ID)
      return refusal(task, noAddress(network))
    }
    attachments.push({ Network: { ID: network.ID, Spec: { Name: network.Spec.Name } }, Addresses: [address] })
  }
  return { type: 'allocate', task, attachments, reserved }
}

/** Said once: a task that waits is not written again for the same reason. */
function refusal(task: TaskRecord, { reason }: Missing): Step | undefined {
  return task.Status.Err === reason ? undefined : { type: 'refuse', task, reason }
}

function noAddress({ Spec }: NetworkRecord): Missing {
  const subnet = Spec.IPAM.Config[0]?.IPRange || Spec.IPAM.Config[0]?.Subnet
  return {
    reason: `could not find an available IP on the network ${Spec.Name} (${subnet}): every address is in use, or was until a moment ago`,
  }
}

function wakeFor(addresses: Addresses, exhausted: Iterable<string>): { wakeAtMs?: number } {
  const ends = [...exhausted].map((id) => addresses.restEndsAtMs(id)).filter((at) => at !== undefined)
  return ends.length === 0 ? {} : { wakeAtMs: Math.min(...ends) }
}

/** How long a node keeps its part in a network that it has no task of, in milliseconds. */
export const IDLE_GATEWAY_MS = 5 * 60_000

export interface GatewayPlace {
  readonly networkId: string
  readonly nodeId: string
  /** When it was first seen that the node has no use for it (milliseconds since the epoch). */
  readonly idleSinceMs: number | undefined
}

/** Whether a node needs a part in a network: always in the ingress network, and where plain containers may come. */
export function isNeeded(view: StateView, addresses: Addresses, networkId: string, nodeId: string): boolean {
  const network = view.get('network', networkId)
  if (!network || !view.get('node', nodeId)) return false
  return network.Spec.Ingress || network.Spec.Attachable || addresses.isPresent(networkId, nodeId)
}

/** Gives a node its part in a network, or takes it back. @param now milliseconds since the epoch */
export function decideGateway(
  view: StateView,
  addresses: Addresses,
  { networkId, nodeId, idleSinceMs }: GatewayPlace,
  now: number,
): Plan {
  const gateway = view.get('gateway', gatewayId(networkId, nodeId))
  const network = view.get('network', networkId)
  if (isNeeded(view, addresses, networkId, nodeId)) {
    return gateway || !network ? NOTHING : admission(addresses, network, nodeId, now)
  }
  if (!gateway) return NOTHING
  const isAway = !network || !view.get('node', nodeId)
  const endsAtMs = (idleSinceMs ?? now) + IDLE_GATEWAY_MS
  if (!isAway && now < endsAtMs) return { ...NOTHING, wakeAtMs: endsAtMs }
  return { steps: [{ type: 'dismiss', gateway }], exhausted: [] }
}

const NOTHING: Plan = { steps: [], exhausted: [] }

function admission(addresses: Addresses, { ID, Spec }: NetworkRecord, nodeId: string, now: number): Plan {
  const reserved = addresses.reserve()
  const Address = reserved.take(ID)
  if (Address === undefined) {
    reserved.end()
    return { steps: [], exhausted: [ID], ...wakeFor(addresses, [ID]) }
  }
  const room = Spec.Attachable ? roomOf(Spec) : undefined
  const bits = room && blockBits(room)
  const IPRange = bits === undefined ? undefined : reserved.takeBlock(ID, bits)
  const timestamp = toTimestamp(now)
  const gateway: GatewayRecord = {
    ID: gatewayId(ID, nodeId),
    Version: { Index: 0 },
    CreatedAt: timestamp,
    UpdatedAt: timestamp,
    NetworkID: ID,
    NodeID: nodeId,
    Address,
    ...(IPRange !== undefined && { IPRange }),
  }
  return { steps: [{ type: 'admit', gateway, reserved }], exhausted: [] }
}
