import {
  encloses,
  includes,
  type IPAMConfig,
  overlaps,
  parseIpv4,
  parseSubnet,
  type Subnet,
} from '@shoal/engine-api'
import type { GivenFlags } from '../../spec/index.js'
import { cut, invalid } from '../../values/invalid.js'

interface Entry {
  readonly config: IPAMConfig
  /** Undefined for what is no IPv4 subnet: the manager says what is wrong with it. */
  readonly subnet: Subnet | undefined
}

/**
 * The address flags of `network create`, each put with the subnet that it belongs to, as docker does.
 * @throws invalid-argument for what belongs to no subnet
 */
export function ipamConfigs(given: GivenFlags): IPAMConfig[] {
  const [subnets, ranges, gateways] = ['subnet', 'ip-range', 'gateway'].map((name) => listOf(given, name))
  const entries = (subnets ?? []).map((text): Entry => ({
    config: { Subnet: text },
    subnet: parseSubnet(text),
  }))
  if (Math.max(ranges?.length ?? 0, gateways?.length ?? 0) > entries.length) {
    throw invalid('every ip-range or gateway must have a corresponding subnet')
  }
  refuseOverlaps(entries)
  for (const range of ranges ?? []) {
    const inner = parseSubnet(range)
    const { config } = entryFor(entries, `range ${range}`, (subnet) => !inner || encloses(subnet, inner))
    if (config.IPRange)
      throw invalid(
        `cannot configure multiple ranges (${range}, ${config.IPRange}) on the same subnet (${config.Subnet})`,
      )
    config.IPRange = range
  }
  for (const gateway of gateways ?? []) {
    const { config } = entryFor(entries, `gateway ${gateway}`, holds(gateway))
    if (config.Gateway)
      throw invalid(
        `cannot configure multiple gateways (${gateway}, ${config.Gateway}) for the same subnet (${config.Subnet})`,
      )
    config.Gateway = gateway
  }
  for (const text of given.get('aux-address') ?? []) {
    const [name, address = ''] = cut(text)
    const { config } = entryFor(entries, `aux-address ${address}`, holds(address))
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: address }
  }
  return entries.map(({ config }) => config)
}

/** Docker takes several values in one flag, with commas between. */
function listOf(given: GivenFlags, name: string): string[] {
  return (given.get(name) ?? []).flatMap((value) => value.split(',')).filter((value) => value !== '')
}

function refuseOverlaps(entries: readonly Entry[]): void {
  for (const [index, { subnet }] of entries.entries()) {
    const others = entries.slice(index + 1)
    if (others.some((other) => subnet && other.subnet && overlaps(subnet, other.subnet))) {
      throw invalid('multiple overlapping subnet configuration is not supported')
    }
  }
}

function entryFor(entries: readonly Entry[], what: string, fits: (subnet: Subnet) => boolean): Entry {
  const entry = entries.find(({ subnet }) => !subnet || fits(subnet))
  if (!entry) throw invalid(`no matching subnet for ${what}`)
  return entry
}

function holds(text: string): (subnet: Subnet) => boolean {
  const address = parseIpv4(text)
  return (subnet) => address === undefined || includes(subnet, address)
}
