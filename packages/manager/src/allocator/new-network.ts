import { newId, type Random, ShoalError, toTimestamp } from '@shoal/common'
import {
  formatSubnet,
  type IPAMConfig,
  type Ipv4,
  type NetworkSpec,
  overlaps,
  parseIpv4,
  parseSubnet,
  type Subnet,
} from '@shoal/engine-api'
import type { NetworkRecord, TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { subnetOf } from './room.js'
import { chooseSubnet, firstAddress } from './subnets.js'

/** A spec whose subnet may still have to be chosen. */
export type NetworkWish = Omit<NetworkSpec, 'IPAM'> & {
  readonly IPAM: Omit<NetworkSpec['IPAM'], 'Config'> & { readonly Config: readonly IPAMConfig[] }
}

/** What was given last: what comes next begins behind it, so that what was given back is not used again at once. */
export interface LatestNetwork {
  readonly vni?: number
  readonly subnet?: Subnet
}

/** The ingress network has this VXLAN network identifier; all others follow. */
export const INGRESS_VNI = 4096
const HIGHEST_VNI = 2 ** 24 - 1

/** Where the ingress network is, if it may: far from what the pool gives first, with room for many nodes. */
const PREFERRED_INGRESS_SUBNET = '10.255.0.0/16'

/**
 * A network with everything that was left open filled in.
 * @param nowMs milliseconds since the epoch
 * @throws ShoalError `permission-denied` when its subnet overlaps another network's, `failed-precondition` when the
 *   cluster's pools hold no subnet any more, or the subnet no address for a gateway
 */
export function newNetwork(
  view: StateView,
  latest: LatestNetwork,
  wish: NetworkWish,
  { nowMs, random }: { nowMs: number; random: Random },
): NetworkRecord {
  const timestamp = toTimestamp(nowMs)
  const config = withSubnet(view, latest, wish)
  return {
    ID: newId(random),
    Version: { Index: 0 },
    CreatedAt: timestamp,
    UpdatedAt: timestamp,
    Spec: { ...wish, IPAM: { ...wish.IPAM, Config: [withGateway(config)] } },
    Shoal: { Vni: wish.Ingress ? INGRESS_VNI : freeVni(view, latest.vni) },
  }
}

function withSubnet(
  view: StateView,
  latest: LatestNetwork,
  wish: NetworkWish,
): IPAMConfig & { Subnet: string } {
  const [given = {}] = wish.IPAM.Config
  if (given.Subnet) {
    const subnet = parseSubnet(given.Subnet)
    if (!subnet) throw new ShoalError('invalid-argument', `invalid subnet ${given.Subnet}`)
    refuseOverlap(view, subnet)
    return { ...given, Subnet: formatSubnet(subnet) }
  }
  const subnet = (wish.Ingress ? preferredIngress(view) : undefined) ?? pooledSubnet(view, latest)
  if (!subnet) {
    throw new ShoalError('failed-precondition', 'all predefined address pools have been fully subnetted')
  }
  return { ...given, Subnet: formatSubnet(subnet) }
}

function refuseOverlap(view: StateView, subnet: Subnet): void {
  for (const { Spec } of view.all('network')) {
    const other = subnetOf(Spec)
    if (other && overlaps(subnet, other)) {
      throw new ShoalError(
        'permission-denied',
        'invalid pool request: Pool overlaps with other one on this address space: ' +
          `${formatSubnet(subnet)} and ${formatSubnet(other)} of network ${Spec.Name}`,
      )
    }
  }
}

function preferredIngress(view: StateView): Subnet | undefined {
  const preferred = parseSubnet(PREFERRED_INGRESS_SUBNET)
  const pools = poolsOf(view).map(parseSubnet)
  const pool =
    preferred && pools.find((one) => one && one.first <= preferred.first && one.last >= preferred.last)
  if (!preferred || !pool) return undefined
  return chooseSubnet({
    pools: [PREFERRED_INGRESS_SUBNET],
    bits: preferred.bits,
    used: usedSubnets(view),
    avoid: nodeAddresses(view),
  })
}

function pooledSubnet(view: StateView, { subnet: after }: LatestNetwork): Subnet | undefined {
  return chooseSubnet({
    pools: poolsOf(view),
    bits: view.cluster()?.Shoal.SubnetSize ?? 24,
    used: usedSubnets(view),
    avoid: nodeAddresses(view),
    ...(after && { after }),
  })
}

function poolsOf(view: StateView): readonly string[] {
  return view.cluster()?.Shoal.DefaultAddrPool ?? []
}

/** Those of networks, and of networks that are gone whose tasks still stop: their hosts have them yet. */
function usedSubnets(view: StateView): Subnet[] {
  const used = new Map<string, Subnet>()
  for (const { ID, Spec } of view.all('network')) {
    const subnet = subnetOf(Spec)
    if (subnet) used.set(ID, subnet)
  }
  for (const task of view.all('task')) for (const [id, subnet] of attachedSubnets(task)) used.set(id, subnet)
  return [...used.values()]
}

function attachedSubnets({ NetworksAttachments = [] }: TaskRecord): [string, Subnet][] {
  return NetworksAttachments.flatMap(({ Network, Addresses }) => {
    const subnet = parseSubnet(Addresses[0] ?? '')
    return subnet ? [[Network.ID, subnet] satisfies [string, Subnet]] : []
  })
}

/** A network around a node's own address would hide the nodes from one another. */
function nodeAddresses(view: StateView): Ipv4[] {
  return [...view.all('node')]
    .map(({ Status }) => parseIpv4(Status.Addr))
    .filter((address) => address !== undefined)
}

function withGateway(config: IPAMConfig & { Subnet: string }): IPAMConfig {
  if (config.Gateway) return config
  const subnet = parseSubnet(config.Subnet)
  const kept = new Set(Object.values(config.AuxiliaryAddresses ?? {}).map((text) => parseIpv4(text) ?? -1))
  const range = parseSubnet(config.IPRange ?? '') ?? subnet
  const Gateway = subnet && range && firstAddress(subnet, range, kept)
  if (Gateway === undefined) {
    throw new ShoalError(
      'failed-precondition',
      'failed to allocate gateway: no available addresses on this pool',
    )
  }
  return { ...config, Gateway }
}

function freeVni(view: StateView, latest: number | undefined): number {
  const used = new Set([...view.all('network')].map(({ Shoal }) => Shoal.Vni))
  let vni = Math.max(latest ?? INGRESS_VNI, INGRESS_VNI) + 1
  while (vni > HIGHEST_VNI || used.has(vni)) vni = vni >= HIGHEST_VNI ? INGRESS_VNI + 1 : vni + 1
  return vni
}
