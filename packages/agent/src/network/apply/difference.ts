import { INGRESS_BRIDGE, isOurBridge, isOurVxlan, ROUTE_PROTOCOL } from '../names.js'
import type { Device, Observed, ObservedPeers } from '../observe/index.js'
import type { BridgePlan, KernelPlan, VxlanPlan } from '../plan/index.js'
import { firewallSteps } from './firewall.js'
import { bridge, ip, type Difference, type Step } from './steps.js'

/** Packets without a mark of ours skip the rules of the peers: with a thousand of them it would show. */
const SKIP_PRIORITY = 90
const PEER_PRIORITY = 100
const LANDING_PRIORITY = 200

/**
 * Compares the kernel with the plan. Pure. Bridges are made by the engine; here they are put right, or back.
 * @param ports the devices that were ports of a bridge when it was last looked at, each with its bridge
 */
export function difference(
  observed: Observed,
  plan: KernelPlan,
  ports: ReadonlyMap<string, string> = new Map(),
): Difference {
  const kept = [...plan.vxlans.values()].filter((vxlan) => isKept(observed.devices.get(vxlan.device), vxlan))
  const bridges = [...plan.bridges.keys()].filter((name) => observed.devices.has(name))
  const devices = new Set([...kept.map(({ device }) => device), ...bridges])
  return {
    make: [
      ...[...plan.bridges.values()].flatMap((one) => bridgeSteps(observed.devices.get(one.bridge), one)),
      ...lostPortSteps(observed, plan, ports),
      ...[...plan.vxlans.values()].flatMap((one) => vxlanSteps(observed.devices.get(one.device), one)),
      ...sysctlSteps(observed, plan),
      ...portSteps(observed, plan),
      ...peerSteps(observed, plan, devices),
      ...routeSteps(observed, plan),
      ...firewallSteps(observed.firewall, plan.bridges.size > 0),
    ],
    unmake: [
      ...stalePeers(observed, plan, devices),
      ...staleRoutes(observed, plan),
      ...staleDevices(observed, plan),
    ],
  }
}

/** The same for the entries of peers alone, on a host that is else as it was left. Pure. */
export function peerDifference(observed: ObservedPeers, plan: KernelPlan): Difference {
  const devices = new Set([...plan.vxlans.keys(), ...plan.bridges.keys()])
  return { make: peerSteps(observed, plan, devices), unmake: stalePeers(observed, plan, devices) }
}

/** Whether all devices of the plan are there as planned, and so have the entries that they were given. */
export function hasDevices({ devices }: Pick<Observed, 'devices'>, plan: KernelPlan): boolean {
  return (
    [...plan.bridges.values()].every((one) => bridgeSteps(devices.get(one.bridge), one).length === 0) &&
    [...plan.vxlans.values()].every((one) => vxlanSteps(devices.get(one.device), one).length === 0)
  )
}

function bridgeSteps(device: Device | undefined, plan: BridgePlan): Step[] {
  const right = device?.mac === plan.mac && device.mtu === plan.mtu && device.up
  return [
    ...(device ? [] : [ip(`link add ${plan.bridge} type bridge`)]),
    ...(right ? [] : [ip(`link set ${plan.bridge} address ${plan.mac} mtu ${plan.mtu} up`)]),
    ...(device?.addresses.includes(plan.address)
      ? []
      : [ip(`addr replace ${plan.address} dev ${plan.bridge}`)]),
  ]
}

/** A bridge that is made again has to get back its containers. */
function lostPortSteps(observed: Observed, plan: KernelPlan, ports: ReadonlyMap<string, string>): Step[] {
  return [...ports].flatMap(([name, master]) => {
    const device = observed.devices.get(name)
    const isLost = device && device.master === undefined && !device.vxlan && plan.bridges.has(master)
    return isLost ? [ip(`link set ${name} master ${master}`), bridge(`link set dev ${name} hairpin on`)] : []
  })
}

/** Whether the device can stay, with its entries: those of a port go when it changes its bridge. */
function isKept(device: Device | undefined, plan: VxlanPlan): boolean {
  return device !== undefined && isOfKind(device, plan) && device.master === plan.bridge
}

function isOfKind({ vxlan }: Device, { vni, port, local }: VxlanPlan): boolean {
  if (!vxlan || vxlan.learning || !vxlan.proxy) return false
  return vxlan.vni === vni && vxlan.port === port && vxlan.local === local
}

function vxlanSteps(device: Device | undefined, plan: VxlanPlan): Step[] {
  const { device: name, bridge: master, vni, port, local, mtu } = plan
  const usable = device !== undefined && isOfKind(device, plan)
  const placed = usable && device.mtu === mtu && device.master === master && device.up
  const flags = usable && device.master === master ? device.port : undefined
  const quiet = flags && !flags.learning && !flags.flood && !flags.mcastFlood
  const kind = `type vxlan id ${vni} dstport ${port} local ${local} nolearning proxy noudpcsum`
  return [
    ...(device && !usable ? [ip(`link del ${name}`)] : []),
    ...(usable ? [] : [ip(`link add ${name} ${kind}`)]),
    ...(placed ? [] : [ip(`link set ${name} mtu ${mtu} master ${master} up`)]),
    ...(quiet ? [] : [bridge(`link set dev ${name} learning off flood off mcast_flood off`)]),
  ]
}

function sysctlSteps(observed: Observed, plan: KernelPlan): Step[] {
  return [...plan.sysctls].flatMap(([path, value]): Step[] => {
    const present = observed.sysctls.get(path)
    if (present === value) return []
    const module: Step[] =
      present === undefined && path.startsWith('net/bridge/')
        ? [{ kind: 'module', name: 'br_netfilter' }]
        : []
    return [...module, { kind: 'sysctl', path, value }]
  })
}

/** Containers' ports are up; and one that is sent to itself by a VIP gets the packet back by its own. */
function portSteps(observed: Observed, plan: KernelPlan): Step[] {
  return [...observed.devices].flatMap(([name, { master, port, vxlan, up }]) => {
    if (vxlan || master === undefined || !plan.bridges.has(master)) return []
    return [
      ...(up ? [] : [ip(`link set ${name} up`)]),
      ...(port?.hairpin === false ? [bridge(`link set dev ${name} hairpin on`)] : []),
    ]
  })
}

/** There may be a hundred thousand of them, of which nearly all are as they shall be. */
function peerSteps(observed: ObservedPeers, plan: KernelPlan, kept: ReadonlySet<string>): Step[] {
  const steps: Step[] = []
  const all = [...plan.bridges.keys(), ...plan.vxlans.keys()].every((device) => kept.has(device))
  if (all && isAsPut(observed, plan)) return []
  const isKept = (key: string): boolean => all || kept.has(key.slice(0, key.indexOf(' ')))
  for (const [key, host] of plan.forwarding) {
    const here = isKept(key)
    const [known, switched] = [
      here && observed.forwarding.get(key) === host,
      here && observed.switching.has(key),
    ]
    if (known && switched) continue
    const [device = '', mac = ''] = key.split(' ')
    if (!known) steps.push(bridge(`fdb replace ${mac} dev ${device} dst ${host} self permanent`))
    if (!switched) steps.push(bridge(`fdb replace ${mac} dev ${device} master static`))
  }
  for (const [key, mac] of plan.neighbours) {
    if (isKept(key) && observed.neighbours.get(key) === mac) continue
    const [device = '', address = ''] = key.split(' ')
    steps.push(ip(`neigh replace ${address} lladdr ${mac} dev ${device} nud permanent`))
  }
  return steps
}

/** Nothing was seen that we have not put there ourselves. */
function isAsPut({ forwarding, switching, neighbours }: ObservedPeers, plan: KernelPlan): boolean {
  return forwarding === plan.forwarding && switching === plan.forwarding && neighbours === plan.neighbours
}

function stalePeers(observed: ObservedPeers, plan: KernelPlan, kept: ReadonlySet<string>): Step[] {
  if (isAsPut(observed, plan)) return []
  const stale = (keys: Iterable<string>, wanted: ReadonlyMap<string, string>): [string, string][] =>
    [...keys]
      .filter((key) => !wanted.has(key))
      .map((key) => key.split(' ') as [string, string])
      .filter(([device]) => kept.has(device))
  return [
    ...stale(observed.neighbours.keys(), plan.neighbours).map(([device, address]) =>
      ip(`neigh del ${address} dev ${device}`),
    ),
    ...stale(observed.switching.keys(), plan.forwarding).map(([device, mac]) =>
      bridge(`fdb del ${mac} dev ${device} master`),
    ),
    ...stale(observed.forwarding.keys(), plan.forwarding).map(([device, mac]) =>
      bridge(`fdb del ${mac} dev ${device} self`),
    ),
  ]
}

/** The policy rules that the return routes need. */
function rulesFor({ returnRoutes }: KernelPlan): string[] {
  if (returnRoutes.size === 0) return []
  return [
    `pref ${LANDING_PRIORITY} nop`,
    `pref ${SKIP_PRIORITY} fwmark 0/0xff000000 goto ${LANDING_PRIORITY}`,
    ...[...returnRoutes.keys()].map((mark) => `pref ${PEER_PRIORITY} fwmark ${mark} lookup ${mark}`),
  ]
}

function routeSteps(observed: Observed, plan: KernelPlan): Step[] {
  const anyIp = [...plan.anyIp].flatMap(([address, { device, source }]) => {
    const present = observed.anyIp.get(address)
    if (present?.device === device && present.source === source) return []
    return [
      ip(`route replace local ${address}/32 dev ${device} src ${source} table local proto ${ROUTE_PROTOCOL}`),
    ]
  })
  const back = [...plan.returnRoutes].flatMap(([mark, gateway]) => {
    if (observed.returnRoutes.get(mark) === gateway) return []
    const way = `default via ${gateway} dev ${INGRESS_BRIDGE} onlink`
    return [ip(`route replace ${way} table ${mark} proto ${ROUTE_PROTOCOL}`)]
  })
  const present = new Set(observed.rules)
  const rules = rulesFor(plan).filter((rule) => !present.has(rule))
  return [...anyIp, ...back, ...rules.map((rule) => ip(`rule add ${rule} protocol ${ROUTE_PROTOCOL}`))]
}

function staleRoutes(observed: Observed, plan: KernelPlan): Step[] {
  const wanted = new Set(rulesFor(plan))
  const rules = observed.rules.filter((rule) => !wanted.delete(rule))
  const anyIp = [...observed.anyIp].filter(([address]) => !plan.anyIp.has(address))
  const back = [...observed.returnRoutes.keys()].filter((mark) => !plan.returnRoutes.has(mark))
  return [
    ...rules.map((rule) => ip(`rule del ${rule} protocol ${ROUTE_PROTOCOL}`)),
    ...back.map((mark) => ip(`route del default table ${mark} proto ${ROUTE_PROTOCOL}`)),
    ...anyIp.map(([address, { device }]) =>
      ip(`route del local ${address}/32 dev ${device} table local proto ${ROUTE_PROTOCOL}`),
    ),
  ]
}

/** Our VXLAN devices that are not wanted. Bridges go with the engine's networks. */
function staleDevices(observed: Observed, plan: KernelPlan): Step[] {
  return [...observed.devices]
    .filter(([name, { vxlan }]) => vxlan && isOurVxlan(name) && !isOurBridge(name) && !plan.vxlans.has(name))
    .map(([name]) => ip(`link del ${name}`))
}
