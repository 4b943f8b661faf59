/** An address as an unsigned number of 32 bits. */
export type Ipv4 = number

/** A block of addresses: from `first` to `last`, which are 2^(32 - bits). */
export interface Subnet {
  readonly first: Ipv4
  readonly last: Ipv4
  /** The length of the prefix, 0 … 32. */
  readonly bits: number
}

const LARGEST_OCTET = 255
const ADDRESS_BITS = 32

/** @returns undefined for what is no dotted IPv4 address (`010.0.0.1` is none: nobody agrees on what it means) */
export function parseIpv4(text: string): Ipv4 | undefined {
  const octets = text.split('.')
  if (octets.length !== 4) return undefined
  let address = 0
  for (const octet of octets) {
    if (!/^(0|[1-9]\d{0,2})$/.test(octet) || Number(octet) > LARGEST_OCTET) return undefined
    address = address * (LARGEST_OCTET + 1) + Number(octet)
  }
  return address
}

export function formatIpv4(address: Ipv4): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & LARGEST_OCTET).join('.')
}

/** How many addresses a block with a prefix of this length has. */
export function sizeOf(bits: number): number {
  return 2 ** (ADDRESS_BITS - bits)
}

/** The block of this size that the address lies in. */
export function subnetAround(address: Ipv4, bits: number): Subnet {
  const size = sizeOf(bits)
  const first = address - (address % size)
  return { first, last: first + size - 1, bits }
}

/** `10.0.1.7/24` taken apart. @returns undefined for what is no IPv4 CIDR */
export function parseCidr(text: string): { address: Ipv4; subnet: Subnet } | undefined {
  const slash = text.indexOf('/')
  const address = parseIpv4(text.slice(0, Math.max(slash, 0)))
  const length = text.slice(slash + 1)
  if (address === undefined || !/^(0|[1-9]\d?)$/.test(length) || Number(length) > ADDRESS_BITS)
    return undefined
  return { address, subnet: subnetAround(address, Number(length)) }
}

/** The block that a CIDR lies in. @returns undefined for what is no IPv4 CIDR */
export function parseSubnet(text: string): Subnet | undefined {
  return parseCidr(text)?.subnet
}

/** `10.0.1.0/24`. */
export function formatSubnet({ first, bits }: Subnet): string {
  return `${formatIpv4(first)}/${bits}`
}

export function includes({ first, last }: Subnet, address: Ipv4): boolean {
  return address >= first && address <= last
}

/** Whether all of `inner` lies in `outer`. */
export function encloses(outer: Subnet, inner: Subnet): boolean {
  return inner.first >= outer.first && inner.last <= outer.last
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  return one.first <= other.last && other.first <= one.last
}
