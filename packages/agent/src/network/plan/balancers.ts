import { isDeepStrictEqual } from 'node:util'
import type { EndpointPort, EndpointSet, TaskEndpoint } from '@shoal/engine-api'
import { changedKeys } from '../changed-keys.js'
import { bridgeName } from '../names.js'
import { hex, SLOT_MARK, type Chain, type Element, type Fragment } from '../nft/index.js'
import type { HostView } from './host-view.js'
import { slotsFor } from './slots.js'

/** What was made of an endpoint set, and from what. */
interface Made {
  /** Its name among the fragments. */
  readonly key: string
  readonly from: EndpointSet
  readonly place: Place
  readonly surroundings: string
  readonly refused: string
  readonly fragment: Fragment
}

/** What the last plan was made of, and what was made of each service. */
export interface BalancerMemo {
  services: HostView['services']
  surroundings: string
  /** By service, in their order. */
  readonly made: Map<string, Made>
}

export function balancerMemo(): BalancerMemo {
  return { services: new Map(), surroundings: '', made: new Map() }
}

/**
 * The balancers of all services: of their VIPs on the networks that this host has, and of their published ports.
 * Nothing is balanced twice: of two services that claim the same address or port, the first has it. With thousands of
 * services, what is planned anew are those that have changed; the rest is the same object again.
 * @param memo is brought up to date
 * @returns by `service/<ID>`
 */
export function planBalancers(view: HostView, memo: BalancerMemo): Map<string, Fragment> {
  const surroundings = [...view.networks.keys(), '', ...view.hostPorts].join(' ')
  const isSame = surroundings === memo.surroundings
  const changed = isSame ? changedKeys(memo.services, view.services) : undefined
  if (!changed || !changed.every((id) => keepsItsPlace(id, view, memo))) planAll(view, surroundings, memo)
  else for (const id of changed) memo.made.set(id, remade(memo.made.get(id)!, view.services.get(id)!))
  memo.services = view.services
  memo.surroundings = surroundings
  const fragments = new Map<string, Fragment>()
  for (const { key, fragment } of memo.made.values()) fragments.set(key, fragment)
  return fragments
}

/** Whether a service that has changed claims what it claimed before, so that no other one is concerned. */
function keepsItsPlace(id: string, view: HostView, { made }: BalancerMemo): boolean {
  const set = view.services.get(id)
  const before = made.get(id)
  return set !== undefined && before !== undefined && isDeepStrictEqual(placeOf(set, view), before.place)
}

function remade({ key, place, surroundings, refused }: Made, set: EndpointSet): Made {
  const fragment = balancer(set, place, new Set(refused.split(' ')))
  return { key, from: set, place, surroundings, refused, fragment }
}

/** In the services' order, which decides who has what two of them claim. */
function planAll(view: HostView, surroundings: string, memo: BalancerMemo): void {
  const claimed = new Set<string>()
  const before = new Map(memo.made)
  memo.made.clear()
  for (const [id, set] of view.services) {
    const made = before.get(id)
    const known = made?.from === set && made.surroundings === surroundings ? made : undefined
    const place = known?.place ?? placeOf(set, view)
    const refused = claim(place, claimed)
    const isSame = known?.refused === refused
    const next = { key: `service/${id}`, from: set, place, surroundings, refused }
    memo.made.set(
      id,
      isSame ? known : { ...next, fragment: balancer(set, place, new Set(refused.split(' '))) },
    )
  }
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
