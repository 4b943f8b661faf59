/** How everything that is ours is called in the kernel and on the engine: who sees it there knows whose it is. */

/** The nftables table. */
export const TABLE = 'shoal'

/** Marks routes and rules as ours (`ip route … proto 84`), so that those of others are never touched. */
export const ROUTE_PROTOCOL = '84'

/** The ingress network has the same names on every host, so rules can name them. */
export const INGRESS_BRIDGE = 'shoal-ingress'
const INGRESS_VXLAN = 'shoal-ingress-x'

/**
 * Docker 20.10 takes the network whose name sorts first for a container's default route, and answers to the mesh
 * must leave by the ingress network.
 */
const INGRESS_NETWORK = '0shoal-ingress'

/** Bridges and VXLAN devices of networks begin with these, and have 15 characters, all that the kernel allows. */
const BRIDGE_PREFIX = 'sb-'
const VXLAN_PREFIX = 'sx-'
const ID_CHARACTERS = 12

interface Named {
  readonly ID: string
  readonly Name: string
  readonly Ingress: boolean
  readonly Attachable: boolean
}

export function bridgeName({ ID, Ingress }: Pick<Named, 'ID' | 'Ingress'>): string {
  return Ingress ? INGRESS_BRIDGE : BRIDGE_PREFIX + ID.slice(0, ID_CHARACTERS)
}

export function vxlanName({ ID, Ingress }: Pick<Named, 'ID' | 'Ingress'>): string {
  return Ingress ? INGRESS_VXLAN : VXLAN_PREFIX + ID.slice(0, ID_CHARACTERS)
}

/**
 * The name of the engine's own network, which the containers join. An attachable one has the name that users know it
 * by: `docker run --network NAME` on any host puts a plain container on it.
 */
export function engineNetworkName({ ID, Name, Ingress, Attachable }: Named): string {
  if (Ingress) return INGRESS_NETWORK
  return Attachable ? Name : `shoal-${ID.slice(0, ID_CHARACTERS)}`
}

export function isOurBridge(device: string): boolean {
  return device === INGRESS_BRIDGE || device.startsWith(BRIDGE_PREFIX)
}

export function isOurVxlan(device: string): boolean {
  return device === INGRESS_VXLAN || device.startsWith(VXLAN_PREFIX)
}
