/** The sets and maps of our table that change. What they mean, and who reads them, is in skeleton.ts. */
export const SETS = {
  vips: 'set',
  vip_at: 'set',
  vip_live: 'set',
  vip_svc: 'map',
  vip_be: 'map',
  pubs: 'set',
  pub_idle: 'set',
  pub_svc: 'map',
  pub_be: 'map',
  self_gw: 'map',
  bridges: 'set',
  within: 'set',
  internal: 'set',
  gateways: 'set',
  plain: 'set',
  resolvers: 'map',
  nodes: 'set',
  vxlan_ports: 'set',
  peer_mark: 'map',
  peer_zone: 'map',
} as const satisfies Record<string, 'set' | 'map'>

export type SetName = keyof typeof SETS

/** One element of a set, or with a value of a map, in nft's own notation. */
export interface Element {
  readonly set: SetName
  readonly key: string
  readonly value?: string
}

export interface Chain {
  readonly name: string
  readonly rules: readonly string[]
}

/**
 * What one thing (a service, the host's bridges …) contributes to the table. A fragment is never changed: one that is
 * the same object as before is not looked into, so that a change costs no more with thousands of services.
 */
export interface Fragment {
  readonly elements: readonly Element[]
  readonly chains: readonly Chain[]
  /** The addresses that it sends new connections to. */
  readonly targets: readonly string[]
}

/** All that the table holds beside its skeleton. No two fragments have an element or a chain in common. */
export type NftState = ReadonlyMap<string, Fragment>

/**
 * In these a packet may have picked its slot a moment before the element goes: it stays until a later sweep, so
 * that the packet still finds it.
 */
export const SLOT_SETS: ReadonlySet<SetName> = new Set(['vip_be', 'pub_be'])
