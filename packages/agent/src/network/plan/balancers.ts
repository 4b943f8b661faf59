import type { EndpointPort, EndpointSet, TaskEndpoint } from '@shoal/engine-api'
import { bridgeName } from '../names.js'
import { hex, SLOT_MARK, type Chain, type Element, type Fragment } from '../nft/index.js'
import type { HostView } from './host-view.js'
import { slotsFor } from './slots.js'

/** What was made of an endpoint set, and from what. */
interface Made {
  readonly from: EndpointSet
  readonly place: Place
  readonly surroundings: string
  readonly refused: string
  readonly fragment: Fragment
}

/** Fragments of earlier plans by service: what has not changed is the same object again, and costs next to nothing. */
export type BalancerMemo = Map<string, Made>

/**
 * The balancers of all services: of their VIPs on the networks that this host has, and of their published ports.
 * Nothing is balanced twice: of two services that claim the same address or port, the first has it.
 * @param memo is brought up to date
 */
export function planBalancers(view: HostView, memo: BalancerMemo): Map<string, Fragment> {
  const surroundings = [...view.networks.keys(), '', ...view.hostPorts].join(' ')
  const claimed = new Set<string>()
  const fragments = new Map<string, Fragment>()
  for (const [id, set] of view.services) {
    let made = memo.get(id)
    const known = made?.from === set && made.surroundings === surroundings ? made : undefined
    const place = known?.place ?? placeOf(set, view)
    const refused = claim(place, claimed)
    if (!known || known.refused !== refused) {
      const fragment = balancer(set, place, new Set(refused.split(' ')))
      made = { from: set, place, surroundings, refused, fragment }
      memo.set(id, made)
    }
    fragments.set(`service/${id}`, made!.fragment)
  }
  for (const id of memo.keys()) if (!view.services.has(id)) memo.delete(id)
  return fragments
}

/** What a service may have balancers for on this host. */
interface Place {
  readonly vips: readonly { readonly networkId: string; readonly vip: string; readonly bridge: string }[]
  readonly ports: readonly EndpointPort[]
  readonly ingressId: string
  /** The VIPs and ports as one text each. */
  readonly claims: readonly string[]
}

function placeOf(set: EndpointSet, view: HostView): Place {
  const ingress = [...view.networks.values()].find((network) => network.Ingress)
  const vips = set.Networks.flatMap(({ NetworkID, VirtualIP }) => {
    const network = view.networks.get(NetworkID)
    if (!network || VirtualIP === undefined) return []
    return [{ networkId: NetworkID, vip: VirtualIP, bridge: bridgeName(network) }]
  })
  const ports = ingress ? set.Ports.filter((port) => !view.hostPorts.has(nameOf(port))) : []
  const claims = [...vips.map(({ vip }) => vip), ...ports.map(nameOf)]
  return { vips, ports, ingressId: ingress?.ID ?? '', claims }
}

const nameOf = ({ Protocol, PublishedPort }: EndpointPort): string => `${Protocol}/${PublishedPort}`

/** @returns what somebody else had claimed already */
function claim({ claims }: Place, claimed: Set<string>): string {
  let refused = ''
  for (const what of claims) {
    if (claimed.has(what)) refused += `${what} `
    else claimed.add(what)
  }
  return refused
}

function balancer(
  set: EndpointSet,
  { vips, ports, ingressId }: Place,
  refused: ReadonlySet<string>,
): Fragment {
  const parts = [
    ...vips
      .filter(({ vip }) => !refused.has(vip))
      .map(({ networkId, vip, bridge }) => vipBalancer(vip, bridge, slotsOn(networkId, set.Endpoints))),
    ...ports
      .filter((port) => !refused.has(nameOf(port)))
      .map((port) => portBalancer(port, slotsOn(ingressId, set.Endpoints))),
  ]
  return {
    elements: parts.flatMap(({ elements }) => elements),
    chains: parts.flatMap(({ chains }) => chains),
    targets: parts.flatMap(({ targets }) => targets),
  }
}

/** The order of the tasks' IDs, so that one that comes or goes moves few of the others. */
function slotsOn(networkId: string, endpoints: readonly TaskEndpoint[]): string[] {
  const here = endpoints
    .filter((endpoint) => endpoint.Addresses[networkId] !== undefined)
    .sort((a, b) => (a.TaskID < b.TaskID ? -1 : 1))
  return slotsFor(here.map(({ Addresses, Weight }) => ({ target: Addresses[networkId]!, weight: Weight })))
}

function vipBalancer(vip: string, bridge: string, slots: readonly string[]): Fragment {
  const elements: Element[] = [
    { set: 'vips', key: vip },
    { set: 'vip_at', key: `"${bridge}" . ${vip}` },
  ]
  if (slots.length === 0) return { elements, chains: [], targets: [] }
  const name = `v_${vip.replaceAll('.', '_')}`
  elements.push(
    { set: 'vip_live', key: vip },
    { set: 'vip_svc', key: vip, value: `goto ${name}` },
    ...slots.map((target, slot): Element => ({
      set: 'vip_be',
      key: `${vip} . ${slotMark(slot)}`,
      value: target,
    })),
  )
  return { elements, chains: [picker(name, slots.length, 'lb_vip')], targets: slots }
}

function portBalancer(
  { Protocol, PublishedPort, TargetPort }: EndpointPort,
  slots: readonly string[],
): Fragment {
  const port = `${Protocol} . ${PublishedPort}`
  if (slots.length === 0) return { elements: [{ set: 'pub_idle', key: port }], chains: [], targets: [] }
  const name = `p_${Protocol}_${PublishedPort}`
  const elements: Element[] = [
    { set: 'pubs', key: port },
    { set: 'pub_svc', key: port, value: `goto ${name}` },
    ...slots.map((target, slot): Element => ({
      set: 'pub_be',
      key: `${port} . ${slotMark(slot)}`,
      value: `${target} . ${TargetPort}`,
    })),
  ]
  return { elements, chains: [picker(name, slots.length, 'lb_pub')], targets: slots }
}

/** The only thing that differs between balancers of the same kind: over how many slots the turn goes. */
function picker(name: string, slots: number, then: string): Chain {
  return { name, rules: [`meta mark set numgen inc mod ${slots} offset ${hex(SLOT_MARK)}`, `goto ${then}`] }
}

const slotMark = (slot: number): string => hex(SLOT_MARK + slot)
