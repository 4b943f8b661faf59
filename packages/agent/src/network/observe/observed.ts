import type { AnyIpRoute } from '../plan/index.js'

/** A network device of the host. */
export interface Device {
  readonly mac: string
  readonly mtu: number
  readonly up: boolean
  /** As CIDR. */
  readonly addresses: readonly string[]
  /** The bridge that it is a port of. */
  readonly master?: string
  readonly vxlan?: VxlanSettings
  readonly port?: PortFlags
}

export interface VxlanSettings {
  readonly vni: number
  readonly port: number
  readonly local: string
  readonly learning: boolean
  readonly proxy: boolean
}

/** How a bridge treats one of its ports. */
export interface PortFlags {
  readonly hairpin: boolean
  readonly learning: boolean
  readonly flood: boolean
  readonly mcastFlood: boolean
}

/** Docker's chains as `iptables -S` lists them; what is not there is undefined. */
export interface Firewall {
  readonly forward: readonly string[]
  readonly user: readonly string[] | undefined
}

/** The entries for addresses on other hosts, which may be very many. */
export interface ObservedPeers {
  readonly forwarding: ReadonlyMap<string, string>
  /** `<VXLAN device> <MAC>`: to the bridge, the MAC is behind this device. */
  readonly switching: ReadonlySet<string> | ReadonlyMap<string, unknown>
  readonly neighbours: ReadonlyMap<string, string>
}

/** What the kernel has at this moment: all devices, and of the rest only what is ours. See KernelPlan. */
export interface Observed extends ObservedPeers {
  readonly devices: ReadonlyMap<string, Device>
  readonly anyIp: ReadonlyMap<string, AnyIpRoute>
  readonly returnRoutes: ReadonlyMap<number, string>
  /** Our policy rules, as `ip rule add` takes them; one that is there twice is here twice. */
  readonly rules: readonly string[]
  /** Undefined for what this kernel does not have. */
  readonly sysctls: ReadonlyMap<string, string | undefined>
  /** Undefined on a host without iptables. */
  readonly firewall: Firewall | undefined
}

export type ObservedHost = Omit<Observed, keyof ObservedPeers>
