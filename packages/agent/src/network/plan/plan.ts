import { isDeepStrictEqual } from 'node:util'
import type { NetworkPeer, NodeNetwork } from '@shoal/engine-api'
import { addressesIn, macOf, offsetIn, parseCidr } from '../addresses.js'
import { changedKeys } from '../changed-keys.js'
import { bridgeName, engineNetworkName, INGRESS_BRIDGE, vxlanName } from '../names.js'
import { MARK } from '../nft/index.js'
import { planBalancers } from './balancers.js'
import { hostFragments } from './host-fragments.js'
import type { AnyIpRoute, BridgePlan, HostPlan, KernelPlan, VxlanPlan } from './host-plan.js'
import type { HostView } from './host-view.js'
import type { PeersPlan, PlanMemo } from './memo.js'
import { mtuOf } from './mtu.js'

/**
 * The whole network of this host, as data. Pure, but for the memo.
 * @param memo of the last plan; brought up to date
 * @throws ShoalError invalid-argument for a document with a malformed address
 */
export function planHost(given: HostView, memo: PlanMemo): HostPlan {
  const view = { ...given, networks: neededNetworks(given) }
  const peers = peersPlan(view, memo)
  const kernel = planKernel(view, peers, anyIpPlan(view, memo))
  const nft = planBalancers(view, memo.balancers)
  for (const [key, fragment] of hostFragments(view, kernel, peers)) nft.set(key, fragment)
  return { kernel, nft }
}

/** What follows from the peers alone: made anew only when they are others, or what they are seen from is. */
function peersPlan(view: HostView, memo: PlanMemo): PeersPlan {
  const from = [view.peers, ...view.networks.values()]
  const local = view.local.map(({ networkId, address }) => `${networkId}/${address}`).join(' ')
  const known = memo.peers
  const isSame = from.length === known?.from.length && from.every((one, index) => one === known.from[index])
  if (known && isSame && known.local === local) return known.plan
  const plan = planPeers(view)
  memo.peers = { from, local, plan }
  return plan
}

function planPeers(view: HostView): PeersPlan {
  const remote = remotePeers(view)
  return {
    forwarding: new Map(remote.map(({ device, address, host }) => [`${device} ${macOf(address)}`, host])),
    neighbours: new Map(
      remote.flatMap(({ device, bridge, address }) =>
        [device, bridge].map((one): [string, string] => [`${one} ${address}`, macOf(address)]),
      ),
    ),
    returnRoutes: returnRoutes(view),
    hosts: new Set([...view.peers.values()].map(({ NodeAddress }) => NodeAddress)),
  }
}

/** Every node is told of the ingress network, but only one that has something to do with it sets it up. */
function neededNetworks({ networks, services, local }: HostView): Map<string, NodeNetwork> {
  const attached = new Set(local.map(({ networkId }) => networkId))
  const isUsed = (id: string): boolean => attached.has(id) || publishAnything(services)
  return new Map([...networks].filter(([id, { Ingress }]) => !Ingress || isUsed(id)))
}

function publishAnything(services: HostView['services']): boolean {
  for (const { Ports } of services.values()) if (Ports.length > 0) return true
  return false
}

function planKernel(
  view: HostView,
  { forwarding, neighbours, returnRoutes }: PeersPlan,
  anyIp: KernelPlan['anyIp'],
): KernelPlan {
  const networks = [...view.networks.values()]
  const bridges = networks.map((network) => bridgeOf(network, view))
  return {
    bridges: new Map(bridges.map((bridge) => [bridge.bridge, bridge])),
    vxlans: new Map(networks.map((network) => [vxlanName(network), vxlanOf(network, view)])),
    forwarding,
    neighbours,
    anyIp,
    returnRoutes,
    sysctls: sysctlsFor(bridges),
  }
}

function bridgeOf(network: NodeNetwork, view: HostView): BridgePlan {
  return {
    networkId: network.ID,
    label: network.Name,
    engineNetwork: engineNetworkName(network),
    bridge: bridgeName(network),
    subnet: network.Subnet,
    address: `${network.NodeGateway}/${parseCidr(network.Subnet).prefix}`,
    gateway: network.NodeGateway,
    ...(network.IPRange !== undefined && { ipRange: network.IPRange }),
    mac: macOf(network.NodeGateway),
    mtu: mtuOf(network, view.underlayMtu(network.NodeAddress)),
    internal: network.Internal,
    ingress: network.Ingress,
  }
}

function vxlanOf(network: NodeNetwork, view: HostView): VxlanPlan {
  return {
    device: vxlanName(network),
    bridge: bridgeName(network),
    vni: network.Vni,
    port: network.DataPathPort,
    local: network.NodeAddress,
    mtu: mtuOf(network, view.underlayMtu(network.NodeAddress)),
  }
}

/** An address of another host, and how to get there. */
interface Remote {
  /** The VXLAN device, which answers the containers' questions for the address. */
  readonly device: string
  /** The host itself reaches it through the bridge: it is not to ask anybody either. */
  readonly bridge: string
  readonly address: string
  readonly host: string
}

/** An address that a task here has is no peer's, whatever an older document says. */
function remotePeers(view: HostView): Remote[] {
  const local = new Set(view.local.map(({ networkId, address }) => `${networkId}/${address}`))
  return [...view.peers.values()].flatMap((peer) => {
    const network = view.networks.get(peer.NetworkID)
    if (!network) return []
    const isHere = (address: string): boolean =>
      local.has(`${peer.NetworkID}/${address}`) || address === network.NodeGateway
    return addressesOf(peer)
      .filter((address) => !isHere(address))
      .map((address) => ({
        device: vxlanName(network),
        bridge: bridgeName(network),
        address,
        host: peer.NodeAddress,
      }))
  })
}

/** The plain containers of a node come and go without a word: all addresses that they may have are known as its own. */
function addressesOf({ Address, IPRange }: NetworkPeer): string[] {
  return IPRange === undefined ? [Address] : [Address, ...addressesIn(parseCidr(IPRange))]
}

/** Endpoints come and go all the time, and VIPs hardly ever. */
function anyIpPlan(view: HostView, memo: PlanMemo): KernelPlan['anyIp'] {
  const known = memo.anyIp
  const networks = [...view.networks.values()]
  const isSame =
    known && isDeepStrictEqual(known.networks, networks) && sameVips(known.services, view.services)
  const plan = isSame ? known.plan : anyIpRoutes(view)
  memo.anyIp = { services: view.services, networks, plan }
  return plan
}

function sameVips(before: HostView['services'], now: HostView['services']): boolean {
  return changedKeys(before, now).every((id) =>
    isDeepStrictEqual(before.get(id)?.Networks, now.get(id)?.Networks),
  )
}

/** VIPs, and the gateway that the network has as a whole. Without a source, the host itself could not ask them. */
function anyIpRoutes({ networks, services }: HostView): Map<string, AnyIpRoute> {
  const routes = new Map<string, AnyIpRoute>()
  const answer = (address: string, network: NodeNetwork): unknown =>
    routes.set(address, { device: bridgeName(network), source: network.NodeGateway })
  for (const network of networks.values())
    if (network.Gateway !== network.NodeGateway) answer(network.Gateway, network)
  for (const { Networks } of services.values()) {
    for (const { NetworkID, VirtualIP } of Networks) {
      const network = networks.get(NetworkID)
      if (network && VirtualIP !== undefined) answer(VirtualIP, network)
    }
  }
  return routes
}

/** A node is told from others by the place of its gateway in the ingress subnet. */
function returnRoutes({ networks, peers }: HostView): Map<number, string> {
  const ingress = [...networks.values()].find((network) => network.Ingress)
  if (!ingress) return new Map()
  const subnet = parseCidr(ingress.Subnet)
  return new Map(
    [...peers.values()]
      .filter(({ Gateway, NetworkID }) => Gateway && NetworkID === ingress.ID)
      .map(({ Address }) => [MARK + offsetIn(subnet, Address), Address]),
  )
}

/** Answers may leave by another way than the one that packets came in by, so that the way back is not checked strictly. */
function sysctlsFor(bridges: readonly BridgePlan[]): Map<string, string> {
  if (bridges.length === 0) return new Map()
  const conf = bridges.map(({ bridge }): [string, string] => [`net/ipv4/conf/${bridge}/rp_filter`, '2'])
  const loopback = bridges.some(({ ingress }) => ingress)
    ? [[`net/ipv4/conf/${INGRESS_BRIDGE}/route_localnet`, '1'] as const]
    : []
  return new Map([
    ['net/ipv4/ip_forward', '1'],
    ['net/bridge/bridge-nf-call-iptables', '1'],
    ...conf,
    ...loopback,
  ])
}
