import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { ShoalError } from '@shoal/common/errors'

/** The addresses of this host, as the system lists them. */
export type Interfaces = Readonly<
  Record<string, readonly { address: string; family: string; internal: boolean }[] | undefined>
>

const LOOPBACK = '127.0.0.1'

/**
 * The address that other hosts reach this one at.
 * @param asked an address or the name of an interface, as the user gave it
 * @param defaultRoute the interface of the default route, if there is one
 * @throws invalid-argument when it cannot be chosen: the message lists what there is
 */
export function chooseAddress(
  asked: string | undefined,
  interfaces: Interfaces,
  defaultRoute: string | undefined,
): string {
  if (asked !== undefined) return namedAddress(asked, interfaces)
  const routed = defaultRoute === undefined ? [] : usableAddresses(interfaces, defaultRoute)
  if (routed.length === 1 && routed[0] !== undefined) return routed[0]
  if (routed.length > 1) {
    throw unclear(
      `this system has multiple IP addresses on interface ${defaultRoute} (${routed.join(' and ')})`,
    )
  }
  const all = Object.keys(interfaces).flatMap((name) =>
    usableAddresses(interfaces, name).map((address) => ({ name, address })),
  )
  const [first, second] = all
  if (first === undefined) return LOOPBACK
  if (second === undefined) return first.address
  throw unclear(
    `this system has multiple IP addresses on different interfaces (${first.address} on ${first.name} and ${second.address} on ${second.name})`,
  )
}

function unclear(reason: string): ShoalError {
  return new ShoalError(
    'invalid-argument',
    `could not choose an IP address to advertise since ${reason} - specify one with --advertise-addr`,
  )
}

function namedAddress(asked: string, interfaces: Interfaces): string {
  const bare = asked.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return bare
  const addresses = usableAddresses(interfaces, asked, true)
  if (addresses[0] === undefined) {
    throw new ShoalError(
      'invalid-argument',
      `advertise address must be a non-zero IP address or network interface (with optional port number): ${asked}`,
    )
  }
  if (addresses.length > 1) {
    throw new ShoalError(
      'invalid-argument',
      `interface ${asked} has more than one IPv4 address (${addresses.join(' and ')})`,
    )
  }
  return addresses[0]
}

/** IPv4 addresses of an interface. Docker's own bridges are no way in from outside. */
function usableAddresses(interfaces: Interfaces, name: string, named = false): string[] {
  if (!named && /^(docker|br-|veth)/.test(name)) return []
  return (interfaces[name] ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && (named || !internal))
    .map(({ address }) => address)
}

/** The interface of the default route in the text of /proc/net/route. */
export function defaultRouteInterface(routes: string): string | undefined {
  const lines = routes.split('\n').slice(1)
  const defaults = lines
    .map((line) => line.split('\t'))
    .filter((columns) => columns[1] === '00000000' && columns[7] === '00000000')
  return defaults.toSorted((a, b) => Number(a[6]) - Number(b[6]))[0]?.[0]
}

/** The address of this host; see `chooseAddress`. */
export function advertisedAddress(asked: string | undefined): string {
  let routes = ''
  try {
    routes = readFileSync('/proc/net/route', 'utf8')
  } catch {
    // Without the table there is no default route to go by.
  }
  return chooseAddress(asked, networkInterfaces(), defaultRouteInterface(routes))
}

/** An address with a port, from `host`, `host:port` or `:port`, filled from `fallback` (`host:port`). */
export function withPort(text: string, fallback: string): string {
  const split = (address: string): [string, string] => {
    const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(address)
    if (!match) throw new ShoalError('invalid-argument', `invalid address: ${address}`)
    return [match[1] ?? '', match[2] ?? '']
  }
  const [host, port] = split(text)
  const [defaultHost, defaultPort] = split(fallback)
  return `${host || defaultHost}:${port || defaultPort}`
}
