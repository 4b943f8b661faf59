import { type Ipv4, parseIpv4, parseSubnet, type NetworkSpec, type Subnet } from '@shoal/engine-api'
import type { Room } from './occupancy.js'

/** The subnet of a network; undefined for one that has none, which the API does not let come about. */
export function subnetOf({ IPAM }: NetworkSpec): Subnet | undefined {
  return parseSubnet(IPAM.Config[0]?.Subnet ?? '')
}

/** What the network can give out. Its ends, its gateway and its auxiliary addresses are nobody's. */
export function roomOf(spec: NetworkSpec): Room | undefined {
  const subnet = subnetOf(spec)
  if (!subnet) return undefined
  const { IPRange = '', Gateway = '', AuxiliaryAddresses = {} } = spec.IPAM.Config[0] ?? {}
  const kept = [Gateway, ...Object.values(AuxiliaryAddresses)].map(parseIpv4)
  const reserved = new Set<Ipv4>([subnet.first, subnet.last])
  for (const address of kept) if (address !== undefined) reserved.add(address)
  return { range: parseSubnet(IPRange) ?? subnet, reserved }
}

/** No block for plain containers is larger. */
const LARGEST_BLOCK_BITS = 28
/** And none takes more than one part in 2^5 of the network. */
const BLOCK_SHARE_BITS = 5
const ADDRESS_BITS = 32

/** How long the prefix of a node's block for plain containers is in this network; undefined: it is too small. */
export function blockBits({ range }: Room): number | undefined {
  const bits = Math.max(LARGEST_BLOCK_BITS, range.bits + BLOCK_SHARE_BITS)
  return bits > ADDRESS_BITS ? undefined : bits
}
