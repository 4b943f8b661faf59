import { isIPv4 } from 'node:net'

/** Whether an IPv4 address lies in a subnet (CIDR). False for what is neither. */
export function inSubnet(address: string, subnet: string): boolean {
  const [base = '', length = ''] = subnet.split('/')
  if (!isIPv4(address) || !isIPv4(base) || !/^\d+$/.test(length)) return false
  const size = 2 ** (32 - Number(length))
  return Math.floor(numberOf(address) / size) === Math.floor(numberOf(base) / size)
}

function numberOf(address: string): number {
  return address.split('.').reduce((number, byte) => number * 256 + Number(byte), 0)
}

/** Whether an address is the asker's own machine. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

const REVERSE_ZONE = '.in-addr.arpa'

/** The IPv4 address that a name (in small letters) of the reverse zone stands for. */
export function reverseAddress(name: string): string | undefined {
  if (!name.endsWith(REVERSE_ZONE)) return undefined
  const address = name.slice(0, -REVERSE_ZONE.length).split('.').toReversed().join('.')
  return isIPv4(address) ? address : undefined
}
