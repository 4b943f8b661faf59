import { INGRESS_BRIDGE } from '../names.js'
import { addressesIn, macOf, parseCidr } from '../addresses.js'
import { hex, MARK, type Element, type Fragment } from '../nft/index.js'
import type { HostPlan } from './host-plan.js'
import type { HostView } from './host-view.js'
import type { PeersPlan } from './memo.js'

/** What our table has to know of the host itself: its bridges, its tasks' addresses, and the other nodes. */
export function hostFragments(
  view: HostView,
  kernel: HostPlan['kernel'],
  { hosts }: PeersPlan,
): Map<string, Fragment> {
  const ingress = kernel.bridges.get(INGRESS_BRIDGE)
  // The skeleton jumps to it, so it stays when there is nothing in it.
  const toIngress = { name: 'to_ingress', rules: ingress ? [`snat to ${ingress.gateway}`] : [] }
  return new Map([
    ['host', { elements: bridgeElements(view, kernel), chains: [toIngress], targets: [] }],
    ['nodes', { elements: nodeElements(view, hosts), chains: [], targets: [] }],
    ['entrances', { elements: entranceElements(kernel), chains: [], targets: [] }],
    ['tasks', { elements: taskElements(view, kernel), chains: [], targets: [] }],
  ])
}

function bridgeElements(view: HostView, { bridges }: HostPlan['kernel']): Element[] {
  const own = [...bridges.values()].flatMap(({ bridge, gateway, internal }): Element[] => [
    { set: 'bridges', key: `"${bridge}"` },
    { set: 'within', key: `"${bridge}" . "${bridge}"` },
    { set: 'gateways', key: gateway },
    ...(internal ? [{ set: 'internal' as const, key: `"${bridge}"` }] : []),
  ])
  const shared = [...bridges.values()].flatMap(({ networkId, gateway }): Element[] => {
    const { Gateway } = view.networks.get(networkId)!
    return Gateway === gateway ? [] : [{ set: 'gateways', key: Gateway }]
  })
  const plain = [...bridges.values()].flatMap(({ bridge, gateway, ipRange }): Element[] => {
    if (ipRange === undefined) return []
    const addresses = [...addressesIn(parseCidr(ipRange))]
    return [
      { set: 'resolvers', key: `"${bridge}"`, value: gateway },
      ...addresses.map((key): Element => ({ set: 'plain', key })),
    ]
  })
  return [...own, ...shared, ...plain]
}

function nodeElements({ networks }: HostView, hosts: Iterable<string>): Element[] {
  const addresses = new Set([...[...networks.values()].map(({ NodeAddress }) => NodeAddress), ...hosts])
  const ports = new Set([...networks.values()].map(({ DataPathPort }) => DataPathPort))
  return [
    ...[...addresses].map((key): Element => ({ set: 'nodes', key })),
    ...[...ports].map((port): Element => ({ set: 'vxlan_ports', key: String(port) })),
  ]
}

/** The nodes that connections come in through, known by the MACs of their gateways. */
function entranceElements({ returnRoutes }: HostPlan['kernel']): Element[] {
  return [...returnRoutes].flatMap(([mark, gateway]): Element[] => [
    { set: 'peer_mark', key: macOf(gateway), value: hex(mark) },
    { set: 'peer_zone', key: macOf(gateway), value: String(mark - MARK) },
  ])
}

function taskElements(view: HostView, { bridges }: HostPlan['kernel']): Element[] {
  const gateways = new Map([...bridges.values()].map(({ networkId, gateway }) => [networkId, gateway]))
  const byAddress = new Map(view.local.map(({ networkId, address }) => [address, gateways.get(networkId)]))
  return [...byAddress].flatMap(([address, gateway]): Element[] =>
    gateway === undefined ? [] : [{ set: 'self_gw', key: `${address} . ${address}`, value: gateway }],
  )
}
