import { formatSubnet, includes, overlaps, parseCidr, parseIpv4, parseSubnet } from '../addresses/index.js'
import type { Subnet } from '../addresses/index.js'
import type { IPAMConfig, NetworkCreate } from '../documents/index.js'
import { checkDnsName } from './name.js'
import { refuse, refuseArgument } from './refuse.js'

/** The option by which a network's MTU is set. */
export const MTU_OPTION = 'com.docker.network.driver.mtu'
const LEAST_MTU = 68
const LARGEST_MTU = 65_535

/** Two ends, the network's gateway and a node's own: what is smaller has no room for a task. */
const SMALLEST_SUBNET_BITS = 30
/** A node's place in the ingress network is its number in connection marks, which have 16 bits for it. */
const LARGEST_INGRESS_BITS = 16

/** Blocks that no network can have, whatever the rest of it is. */
const RESERVED = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3']

/**
 * Refuses what can never work, in Docker's words where it has some.
 * @throws InvalidDocument for the first fault, or for all faults of the addresses
 */
export function validateNetworkCreate(create: NetworkCreate): void {
  checkDnsName(create.Name ?? '')
  if (create.Ingress && create.Attachable) refuseArgument('ingress network cannot be attachable')
  const { Driver: driver = '', Config: configs = [] } = create.IPAM ?? {}
  if (driver !== '' && driver !== 'default') refuseArgument('invalid IPAM specified')
  const faults = configs.flatMap((config) => faultsOf(config, create.Ingress ?? false))
  if (faults.length > 0) refuse(`invalid network config:\n${faults.join('\n')}`)
  checkMtu(create.Options?.[MTU_OPTION])
}

/** The MTU that a network's options ask for, in bytes. */
export function mtuOf(options: Readonly<Record<string, string>>): number | undefined {
  const text = options[MTU_OPTION]
  return text === undefined ? undefined : Number(text)
}

function checkMtu(text: string | undefined): void {
  if (text === undefined) return
  const mtu = Number(text)
  if (!/^\d{1,5}$/.test(text) || mtu < LEAST_MTU || mtu > LARGEST_MTU) {
    refuse(`invalid MTU value: ${text}: must be between ${LEAST_MTU} and ${LARGEST_MTU}`)
  }
}

function faultsOf(config: IPAMConfig, isIngress: boolean): string[] {
  const { Subnet: text = '', IPRange: range = '', Gateway: gateway = '', AuxiliaryAddresses = {} } = config
  const parsed = parseCidr(text)
  if (!parsed) return [`invalid subnet ${text}: invalid CIDR block notation`]
  const { subnet } = parsed
  return [
    ...(parsed.address === subnet.first
      ? []
      : [`invalid subnet ${text}: it should be ${formatSubnet(subnet)}`]),
    ...faultsOfSize(subnet, isIngress),
    ...(range === '' ? [] : faultsOfRange(range, subnet)),
    ...(gateway === '' ? [] : faultsOfAddress(`gateway ${gateway}`, gateway, subnet)),
    ...Object.entries(AuxiliaryAddresses).flatMap(([name, address]) =>
      faultsOfAddress(`auxiliary address ${name}`, address, subnet),
    ),
  ]
}

function faultsOfSize(subnet: Subnet, isIngress: boolean): string[] {
  const text = formatSubnet(subnet)
  const reserved = RESERVED.find((block) => overlaps(parseSubnet(block) ?? subnet, subnet))
  if (reserved !== undefined) return [`invalid subnet ${text}: no network can use addresses of ${reserved}`]
  if (subnet.bits > SMALLEST_SUBNET_BITS) return [`invalid subnet ${text}: it is too small for a network`]
  if (isIngress && subnet.bits < LARGEST_INGRESS_BITS) {
    return [`invalid subnet ${text}: the ingress network is at most a /${LARGEST_INGRESS_BITS}`]
  }
  return []
}

function faultsOfRange(text: string, subnet: Subnet): string[] {
  const parsed = parseCidr(text)
  if (!parsed) return [`invalid ip-range ${text}: invalid CIDR block notation`]
  const parent = formatSubnet(subnet)
  const { subnet: range } = parsed
  return [
    ...(range.bits < subnet.bits
      ? [`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${parent}`]
      : []),
    ...(parsed.address === range.first
      ? []
      : [`invalid ip-range ${text}: it should be ${formatSubnet(range)}`]),
    ...(overlaps(subnet, range)
      ? []
      : [`invalid ip-range ${text}: parent subnet ${parent} doesn't contain ip-range`]),
  ]
}

function faultsOfAddress(what: string, text: string, subnet: Subnet): string[] {
  const address = parseIpv4(text)
  if (address === undefined) return [`invalid ${what}: invalid address`]
  if (!includes(subnet, address)) {
    return [`invalid ${what}: parent subnet ${formatSubnet(subnet)} doesn't contain this address`]
  }
  const isEnd = address === subnet.first || address === subnet.last
  return isEnd ? [`invalid ${what}: it is the first or the last address of its subnet`] : []
}
