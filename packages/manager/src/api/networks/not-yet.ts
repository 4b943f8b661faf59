import { ShoalError } from '@shoal/common'
import { MTU_OPTION, type NetworkCreate } from '@shoal/engine-api'
import { notImplemented } from '../errors.js'

/** The drivers that every engine has for networks of its own. */
const LOCAL_DRIVERS: ReadonlySet<string> = new Set(['bridge', 'host', 'null', 'macvlan', 'ipvlan'])

/**
 * Refuses by name what Docker's networks can be and the cluster's networks are not: nothing is silently ignored.
 * @throws ShoalError `unimplemented`; `not-found` for a driver that nobody knows; `invalid-argument`
 */
export function refuseNetworkNotYet(create: NetworkCreate): void {
  refuseDriver(create.Driver ?? '')
  refuseScope(create.Scope ?? '')
  refuseOptions(create.Options ?? {})
  if (create.ConfigOnly) throw notImplemented('ConfigOnly: networks that only are a configuration')
  if (create.ConfigFrom?.Network) throw notImplemented('ConfigFrom: networks made from a configuration')
  if (create.EnableIPv6) throw notImplemented('EnableIPv6: networks with IPv6')
  if (create.EnableIPv4 === false) throw notImplemented('EnableIPv4 false: networks without IPv4')
  refuseIpam(create)
}

function refuseDriver(driver: string): void {
  if (driver === '' || driver === 'overlay') return
  if (!LOCAL_DRIVERS.has(driver)) throw new ShoalError('not-found', `plugin "${driver}" not found`)
  throw notImplemented(
    `networks of the driver ${driver}, which belong to one engine alone; the cluster's have the driver overlay`,
  )
}

function refuseScope(scope: string): void {
  if (scope === '' || scope === 'swarm') return
  throw new ShoalError(
    'invalid-argument',
    `invalid scope ${scope}: the networks of the cluster have the scope swarm`,
  )
}

function refuseOptions(options: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(options)) {
    if (name === 'encrypted') throw notImplemented('the network option encrypted')
    if (name !== MTU_OPTION) throw notImplemented(`the network option ${name}`)
  }
}

function refuseIpam({ IPAM }: NetworkCreate): void {
  const [option] = Object.keys(IPAM?.Options ?? {})
  if (option !== undefined) throw notImplemented(`the IPAM option ${option}`)
  const configs = IPAM?.Config ?? []
  if (configs.some(({ Subnet = '' }) => Subnet.includes(':'))) throw notImplemented('subnets of IPv6')
  if (configs.length > 1) throw notImplemented('more than one subnet in a network')
}
