import {
  formatIpv4,
  includes,
  type Ipv4,
  overlaps,
  parseSubnet,
  sizeOf,
  type Subnet,
} from '@shoal/engine-api'

export interface SubnetChoice {
  /** CIDRs. */
  readonly pools: readonly string[]
  /** The length of the prefix of what is chosen. */
  readonly bits: number
  /** What must not be overlapped. */
  readonly used: readonly Subnet[]
  /** Addresses that must not lie in it. */
  readonly avoid: readonly Ipv4[]
  /** Where to go on: behind the subnet that was chosen last, so that one that was given back is not used at once. */
  readonly after?: Subnet
}

/** @returns undefined when the pools hold no free subnet of this size */
export function chooseSubnet(choice: SubnetChoice): Subnet | undefined {
  const { after } = choice
  const pools = choice.pools.map(parseSubnet).filter((pool) => pool !== undefined)
  const at = after ? pools.findIndex((pool) => includes(pool, after.first)) : -1
  const begin = after && pools[at]
  if (!begin) return firstOf(pools, (pool) => freeIn(choice, pool, pool.first))
  const later = freeIn(choice, begin, after.last + 1)
  return (
    later ??
    firstOf([...pools.slice(at + 1), ...pools.slice(0, at + 1)], (pool) => freeIn(choice, pool, pool.first))
  )
}

/** The first free subnet of a pool from an address on. Whole used subnets are stepped over at once. */
function freeIn({ bits, used, avoid }: SubnetChoice, pool: Subnet, from: Ipv4): Subnet | undefined {
  const size = sizeOf(bits)
  let first = Math.ceil(from / size) * size
  while (first + size - 1 <= pool.last) {
    const candidate: Subnet = { first, last: first + size - 1, bits }
    const hit = used.find((other) => overlaps(candidate, other))
    if (!hit && !avoid.some((address) => includes(candidate, address))) return candidate
    first = hit ? Math.max(first + size, Math.ceil((hit.last + 1) / size) * size) : first + size
  }
  return undefined
}

function firstOf<Item, Result>(
  items: readonly Item[],
  find: (item: Item) => Result | undefined,
): Result | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}

/** The first address of a subnet that a range allows and nobody keeps: Docker's choice of a gateway. */
export function firstAddress(subnet: Subnet, range: Subnet, kept: ReadonlySet<Ipv4>): string | undefined {
  for (let address = range.first; address <= range.last; address++) {
    if (address !== subnet.first && address !== subnet.last && !kept.has(address)) return formatIpv4(address)
  }
  return undefined
}
