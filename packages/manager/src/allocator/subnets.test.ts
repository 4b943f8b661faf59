import { formatSubnet, parseIpv4, parseSubnet, type Subnet } from '@shoal/engine-api'
import { expect, test } from 'vitest'
import { chooseSubnet } from './subnets.js'

const subnet = (text: string): Subnet => {
  const parsed = parseSubnet(text)
  if (!parsed) throw new Error(`${text} is no subnet`)
  return parsed
}

test.each([
  ['the first of the pool', ['10.0.0.0/8'], [], [], undefined, '10.0.0.0/24'],
  [
    'not what is used, in whatever size',
    ['10.0.0.0/8'],
    ['10.0.0.0/25', '10.0.1.0/24'],
    [],
    undefined,
    '10.0.2.0/24',
  ],
  ['behind a large one at once', ['10.0.0.0/8'], ['10.0.0.0/9'], [], undefined, '10.128.0.0/24'],
  ['not where nodes are', ['10.0.0.0/8'], [], ['10.0.0.7'], undefined, '10.0.1.0/24'],
  ['behind the last one', ['10.0.0.0/8'], [], [], '10.0.4.0/24', '10.0.5.0/24'],
  ['from the start again', ['10.0.0.0/22'], ['10.0.0.0/24'], [], '10.0.3.0/24', '10.0.1.0/24'],
  ['from the next pool', ['10.0.0.0/24', '10.9.0.0/23'], ['10.0.0.0/24'], [], undefined, '10.9.0.0/24'],
  [
    'from the first pool after the last',
    ['10.0.0.0/24', '10.9.0.0/24'],
    [],
    [],
    '10.9.0.0/24',
    '10.0.0.0/24',
  ],
  ['none', ['10.0.0.0/23'], ['10.0.0.0/24', '10.0.1.128/25'], [], undefined, undefined],
  ['none of a pool that is too small', ['10.0.0.0/25'], [], [], undefined, undefined],
])('%s', (_what, pools, used, avoid, after, expected) => {
  const chosen = chooseSubnet({
    pools,
    bits: 24,
    used: used.map(subnet),
    avoid: avoid.map((text) => parseIpv4(text) ?? 0),
    ...(after !== undefined && { after: subnet(after) }),
  })
  expect(chosen && formatSubnet(chosen)).toBe(expected)
})
