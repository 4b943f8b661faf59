/** Subject alternative names: the hosts and addresses at which a manager may be verified by its name. */
import { isIP, isIPv6 } from 'node:net'
import { type Asn1, contentOf, isContextTag, itemsOf, sequence, taggedBytes } from './asn1.js'

const DNS_NAME = 2
const IP_ADDRESS = 7
const IPV6_BYTES = 16

/** Managers answer to this name whatever their address is: agents ask for it in the TLS handshake. */
export const MANAGER_NAME = 'shoal-manager'

/** The names every manager has, and those given. Hosts and addresses, each once. */
export function managerNames(...others: readonly string[]): string[] {
  return [...new Set(['localhost', MANAGER_NAME, '127.0.0.1', '::1', ...others])]
}

/** Without a zone, without a dotted tail, the longest run of zeros left out: as URLs write it. */
function shortestIpv6(address: string): string {
  return new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1)
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':')
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = Array<string>(IPV6_BYTES / 2 - before.length - after.length).fill('0')
  return Buffer.concat(
    [...before, ...zeros, ...after].map((group) => Buffer.from(group.padStart(4, '0'), 'hex')),
  )
}

function ipBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number))
  return ipv6Bytes(shortestIpv6(address))
}

function ipText(bytes: Buffer): string {
  if (bytes.length !== IPV6_BYTES) return [...bytes].join('.')
  const written = bytes.toString('hex').match(/.{4}/g) ?? []
  return shortestIpv6(written.join(':'))
}

/** @param names hosts and addresses (IPv4, IPv6) */
export function namesToAsn1(names: readonly string[]): Asn1 {
  return sequence(
    ...names.map((name) =>
      isIP(name)
        ? taggedBytes(IP_ADDRESS, ipBytes(name))
        : taggedBytes(DNS_NAME, Buffer.from(name, 'latin1')),
    ),
  )
}

/** The hosts and addresses among the names; other kinds are left out. @throws Error for another structure */
export function namesFromAsn1(item: Asn1): string[] {
  return itemsOf(item).flatMap((name) => {
    if (isContextTag(name, DNS_NAME)) return [contentOf(name).toString('latin1')]
    return isContextTag(name, IP_ADDRESS) ? [ipText(contentOf(name))] : []
  })
}
