import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encloses,
  formatIpv4,
  formatSubnet,
  includes,
  overlaps,
  parseCidr,
  parseIpv4,
  parseSubnet,
} from './index.js'

const subnet = (text: string) => {
  const parsed = parseSubnet(text)
  if (!parsed) throw new Error(`${text} is no subnet`)
  return parsed
}

test('what is written is read again, for every address', () => {
  const holds = fc.property(fc.nat(2 ** 32 - 1), (address) => parseIpv4(formatIpv4(address)) === address)
  expect(() => fc.assert(holds)).not.toThrow()
})

describe('what is no address is not read as one', () => {
  test.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.1.2',
    '010.0.0.1',
    '10.0.0.-1',
    ' 10.0.0.1',
    'fe80::1',
    '1e1.0.0.1',
  ])('%j', (text) => {
    expect(parseIpv4(text)).toBeUndefined()
  })
  test.each([
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '/24',
    'fe80::/64',
    '10.0.0.0/24/24',
  ])('nor as a subnet: %j', (text) => {
    expect(parseCidr(text)).toBeUndefined()
  })
})

test.each([
  ['10.0.1.7/24', '10.0.1.0/24', 254],
  ['255.255.255.255/32', '255.255.255.255/32', -1],
  ['200.1.2.3/0', '0.0.0.0/0', 2 ** 32 - 2],
  ['192.168.129.1/17', '192.168.128.0/17', 2 ** 15 - 2],
])('%s lies in %s', (text, block, inner) => {
  const parsed = parseCidr(text)
  expect(parsed && formatSubnet(parsed.subnet)).toBe(block)
  expect(parsed && parsed.subnet.last - parsed.subnet.first - 1).toBe(inner)
})

test.each([
  ['10.0.0.0/8', '10.255.0.0/16', true, true],
  ['10.255.0.0/16', '10.0.0.0/8', true, false],
  ['10.0.0.0/24', '10.0.1.0/24', false, false],
  ['10.0.0.0/24', '10.0.0.0/24', true, true],
])('%s and %s', (one, other, overlap, enclose) => {
  expect(overlaps(subnet(one), subnet(other))).toBe(overlap)
  expect(encloses(subnet(one), subnet(other))).toBe(enclose)
  expect(includes(subnet(one), subnet(other).first)).toBe(other.startsWith('10.255') || enclose)
})
