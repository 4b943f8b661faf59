import type { NftState } from '../nft/index.js'

/** A network as this host has it: a network of the engine's own, on a bridge of a fixed name. */
export interface BridgePlan {
  readonly networkId: string
  /** What users call the network; for messages. */
  readonly label: string
  /** The engine's name for it. */
  readonly engineNetwork: string
  readonly bridge: string
  /** CIDR. */
  readonly subnet: string
  /** The bridge's address, as CIDR. */
  readonly address: string
  readonly gateway: string
  /** CIDR: the addresses that the engine may give to plain containers. */
  readonly ipRange?: string
  /** What the peers have in their tables as the gateway's. */
  readonly mac: string
  readonly mtu: number
  readonly internal: boolean
  readonly ingress: boolean
}

export interface VxlanPlan {
  readonly device: string
  readonly bridge: string
  readonly vni: number
  readonly port: number
  readonly local: string
  readonly mtu: number
}

/** An address that this host answers for although no device has it. */
export interface AnyIpRoute {
  readonly device: string
  readonly source: string
}

/** What the kernel shall have beside our table. Keys name what there is once; values are what may differ. */
export interface KernelPlan {
  /** By bridge. */
  readonly bridges: ReadonlyMap<string, BridgePlan>
  /** By device. */
  readonly vxlans: ReadonlyMap<string, VxlanPlan>
  /** `<VXLAN device> <MAC>` → the host to send frames to. */
  readonly forwarding: ReadonlyMap<string, string>
  /** `<VXLAN device or bridge> <address>` → MAC. */
  readonly neighbours: ReadonlyMap<string, string>
  /** By address. */
  readonly anyIp: ReadonlyMap<string, AnyIpRoute>
  /** The mark of connections that came in through a node → its gateway on the ingress network. */
  readonly returnRoutes: ReadonlyMap<number, string>
  /** As paths below /proc/sys, e.g. `net/ipv4/ip_forward`. */
  readonly sysctls: ReadonlyMap<string, string>
}

/** The whole network of this host. */
export interface HostPlan {
  readonly kernel: KernelPlan
  readonly nft: NftState
}
