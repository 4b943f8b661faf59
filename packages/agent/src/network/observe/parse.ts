import { isOurBridge, isOurVxlan, ROUTE_PROTOCOL } from '../names.js'
import type { AnyIpRoute } from '../plan/index.js'
import type { Device, Firewall, Observed, ObservedPeers, PortFlags, VxlanSettings } from './observed.js'

/** The parts of `ip -j -d addr show` that matter here. */
interface LinkDocument {
  ifname: string
  address?: string
  mtu: number
  flags: string[]
  master?: string
  addr_info?: { family: string; local: string; prefixlen: number }[]
  linkinfo?: {
    info_kind?: string
    info_data?: { id?: number; port?: number; local?: string; learning?: boolean; proxy?: boolean }
    info_slave_kind?: string
    info_slave_data?: { hairpin?: boolean; learning?: boolean; flood?: boolean; mcast_flood?: boolean }
  }
}

interface RouteDocument {
  type?: string
  dst: string
  dev?: string
  gateway?: string
  table?: string
  prefsrc?: string
}

interface RuleDocument {
  priority: number
  fwmark?: string
  fwmask?: string
  table?: string
  goto?: number
  nop?: null
  protocol?: string
}

/** What one batch of `ip -j -d` answers: a JSON document per line, and none for a command without an answer. */
export const IP_QUERIES = `addr show
route show table all proto ${ROUTE_PROTOCOL}
rule show
`

export type IpAnswers = Pick<Observed, 'devices' | 'anyIp' | 'returnRoutes' | 'rules'>

/** @param text what `ip` printed for IP_QUERIES */
export function parseIp(text: string): IpAnswers {
  const [links, routes, rules] = text.trim().split('\n').map(parseList)
  return {
    devices: new Map((links as LinkDocument[]).map((link) => [link.ifname, toDevice(link)])),
    ...toRoutes((routes ?? []) as RouteDocument[]),
    rules: ((rules ?? []) as RuleDocument[])
      .filter(({ protocol }) => protocol === ROUTE_PROTOCOL)
      .map(toRule),
  }
}

function parseList(line: string): unknown[] {
  return line.trim() === '' ? [] : (JSON.parse(line) as unknown[])
}

/** So long a piece of text is read within a few milliseconds. */
const SLICE_LENGTH = 100_000

/**
 * Reads a list of flat documents piece by piece, so that one of a hundred thousand does not hold up everything else.
 * @param text a JSON array as `ip -j` and `bridge -j` print it, without line breaks within
 */
export function* slicesOf(text: string): Iterable<unknown[]> {
  const list = text.trim().replace(/^\[|\]$/gu, '')
  for (let start = 0; start < list.length;) {
    const split = list.indexOf('},{', start + SLICE_LENGTH)
    const end = split === -1 ? list.length : split + 1
    yield parseList(`[${list.slice(start, end)}]`)
    start = end + 1
  }
}

function toDevice(link: LinkDocument): Device {
  const { info_kind, info_data, info_slave_kind, info_slave_data } = link.linkinfo ?? {}
  return {
    mac: link.address ?? '',
    mtu: link.mtu,
    up: link.flags.includes('UP'),
    addresses: (link.addr_info ?? [])
      .filter(({ family }) => family === 'inet')
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    ...(link.master !== undefined && { master: link.master }),
    ...(info_kind === 'vxlan' && info_data && { vxlan: toVxlan(info_data) }),
    ...(info_slave_kind === 'bridge' && info_slave_data && { port: toPort(info_slave_data) }),
  }
}

function toVxlan(data: NonNullable<NonNullable<LinkDocument['linkinfo']>['info_data']>): VxlanSettings {
  const { id = 0, port = 0, local = '', learning = true, proxy = false } = data
  return { vni: id, port, local, learning, proxy }
}

function toPort(data: NonNullable<NonNullable<LinkDocument['linkinfo']>['info_slave_data']>): PortFlags {
  const { hairpin = false, learning = true, flood = true, mcast_flood: mcastFlood = true } = data
  return { hairpin, learning, flood, mcastFlood }
}

/** @param list what `ip -j neigh show nud permanent` printed */
export function parseNeighbours(list: readonly unknown[]): Observed['neighbours'] {
  return new Map(
    (list as { dst: string; dev: string; lladdr?: string }[])
      .filter(({ dev }) => isOurVxlan(dev) || isOurBridge(dev))
      .map(({ dst, dev, lladdr = '' }): [string, string] => [`${dev} ${dst}`, lladdr]),
  )
}

function toRoutes(routes: readonly RouteDocument[]): Pick<Observed, 'anyIp' | 'returnRoutes'> {
  const anyIp = new Map<string, AnyIpRoute>()
  const returnRoutes = new Map<number, string>()
  for (const { type, dst, dev = '', gateway, table, prefsrc = '' } of routes) {
    if (type === 'local') anyIp.set(dst, { device: dev, source: prefsrc })
    else if (dst === 'default' && gateway !== undefined) returnRoutes.set(Number(table), gateway)
  }
  return { anyIp, returnRoutes }
}

/** As `ip rule add` takes it, but for its protocol. */
function toRule({ priority, fwmark, fwmask, table, goto: target }: RuleDocument): string {
  const mark =
    fwmark === undefined ? '' : ` fwmark ${Number(fwmark)}${fwmask === undefined ? '' : `/${fwmask}`}`
  if (target !== undefined) return `pref ${priority}${mark} goto ${target}`
  return table === undefined ? `pref ${priority}${mark} nop` : `pref ${priority}${mark} lookup ${table}`
}

interface ForwardingDocument {
  mac: string
  ifname: string
  dst?: string
  flags: string[]
  master?: string
  state?: string
}

/** @param list what `bridge -j fdb show` printed */
export function parseForwarding(list: readonly unknown[]): Pick<ObservedPeers, 'forwarding' | 'switching'> {
  const entries = (list as readonly ForwardingDocument[]).filter(({ ifname }) => isOurVxlan(ifname))
  return {
    forwarding: new Map(
      entries.flatMap(({ mac, ifname, dst }): [string, string][] =>
        dst === undefined ? [] : [[`${ifname} ${mac}`, dst]],
      ),
    ),
    // The device's own MAC is there as `permanent`.
    switching: new Set(
      entries
        .filter(({ master, state }) => master !== undefined && state === 'static')
        .map(({ mac, ifname }) => `${ifname} ${mac}`),
    ),
  }
}

/** @param text what `iptables -S` printed */
export function parseFirewall(text: string): Firewall {
  const lines = text.split('\n')
  const chain = (name: string): string[] => lines.filter((line) => line.startsWith(`-A ${name} `))
  return {
    forward: chain('FORWARD'),
    user: lines.includes('-N DOCKER-USER') ? chain('DOCKER-USER') : undefined,
  }
}
