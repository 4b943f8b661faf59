import { ShoalError } from '@shoal/common'

/**
 * A dotted IPv4 address as a number.
 * @throws ShoalError invalid-argument for any other text
 */
export function toNumber(address: string): number {
  const parts = address.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255))
    throw new ShoalError('invalid-argument', `invalid IPv4 address: ${address}`)
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

/**
 * The MAC of whoever has the address on one of our networks: 02:42 and the four bytes, as Docker's bridge driver
 * makes them. So a peer's entry is complete without anything being learnt.
 */
export function macOf(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return ['02', '42', ...bytes].join(':')
}

export interface Cidr {
  readonly base: number
  readonly prefix: number
}

/** @throws ShoalError invalid-argument for what is no IPv4 subnet */
export function parseCidr(text: string): Cidr {
  const [address = '', length = ''] = text.split('/')
  const prefix = Number(length)
  if (length === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > 32)
    throw new ShoalError('invalid-argument', `invalid subnet: ${text}`)
  return { base: toNumber(address), prefix }
}

/** Every address of a subnet, dotted, the first and the last included. */
export function* addressesIn({ base, prefix }: Cidr): Iterable<string> {
  const size = 2 ** (32 - prefix)
  for (let number = base; number < base + size; number++) yield toAddress(number)
}

function toAddress(number: number): string {
  return [24, 16, 8, 0].map((bits) => (number >>> bits) & 0xff).join('.')
}

/** The place of an address in its subnet: 0 for the subnet's own. */
export function offsetIn(subnet: Cidr, address: string): number {
  return toNumber(address) - subnet.base
}
