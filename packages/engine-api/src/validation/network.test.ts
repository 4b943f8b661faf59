import { describe, expect, test } from 'vitest'
import type { IPAMConfig, NetworkCreate } from '../documents/index.js'
import { InvalidDocument } from '../invalid-document.js'
import { mtuOf, validateNetworkCreate } from './network.js'

const withConfig = (...Config: IPAMConfig[]): NetworkCreate => ({ Name: 'net', IPAM: { Config } })

describe('a network is accepted', () => {
  test.each<[string, NetworkCreate]>([
    ['with a name alone', { Name: 'net' }],
    [
      'as the docker CLI sends it',
      { Name: 'a_b-c', Driver: 'overlay', IPAM: { Driver: 'default', Config: [] } },
    ],
    [
      'with everything chosen',
      withConfig({ Subnet: '10.1.0.0/16', IPRange: '10.1.2.0/24', Gateway: '10.1.0.1' }),
    ],
    [
      'with auxiliary addresses',
      withConfig({ Subnet: '10.1.0.0/24', AuxiliaryAddresses: { nas: '10.1.0.9' } }),
    ],
    ['with an MTU', { Name: 'net', Options: { 'com.docker.network.driver.mtu': '1300' } }],
  ])('%s', (_what, create) => {
    expect(() => validateNetworkCreate(create)).not.toThrow()
  })
})

describe('a network is refused in Docker’s words', () => {
  const argument = 'rpc error: code = InvalidArgument desc ='
  const config = (fault: string) => `invalid network config:\n${fault}`
  test.each<[NetworkCreate, string]>([
    [{}, `${argument} meta: name must be provided`],
    [{ Name: 'a.b' }, `${argument} name must be valid as a DNS name component`],
    [{ Name: 'n'.repeat(64) }, `${argument} name must be 63 characters or fewer`],
    [{ Name: 'net', Ingress: true, Attachable: true }, `${argument} ingress network cannot be attachable`],
    [{ Name: 'net', IPAM: { Driver: 'dhcp' } }, `${argument} invalid IPAM specified`],
    [withConfig({ Subnet: '10.0.0.0' }), config('invalid subnet 10.0.0.0: invalid CIDR block notation')],
    [withConfig({}), config('invalid subnet : invalid CIDR block notation')],
    [withConfig({ Subnet: '10.0.0.1/24' }), config('invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24')],
    [
      withConfig({ Subnet: '10.0.0.0/31' }),
      config('invalid subnet 10.0.0.0/31: it is too small for a network'),
    ],
    [
      withConfig({ Subnet: '127.1.0.0/16' }),
      config('invalid subnet 127.1.0.0/16: no network can use addresses of 127.0.0.0/8'),
    ],
    [
      { ...withConfig({ Subnet: '10.0.0.0/15' }), Ingress: true },
      config('invalid subnet 10.0.0.0/15: the ingress network is at most a /16'),
    ],
    [
      withConfig({ Subnet: '10.0.0.0/24', IPRange: '10.0.0.x' }),
      config('invalid ip-range 10.0.0.x: invalid CIDR block notation'),
    ],
    [
      withConfig({ Subnet: '10.0.0.0/24', IPRange: '10.0.0.0/23' }),
      config('invalid ip-range 10.0.0.0/23: CIDR block is bigger than its parent subnet 10.0.0.0/24'),
    ],
    [
      withConfig({ Subnet: '10.0.0.0/24', IPRange: '10.0.1.0/26' }),
      config("invalid ip-range 10.0.1.0/26: parent subnet 10.0.0.0/24 doesn't contain ip-range"),
    ],
    [
      withConfig({ Subnet: '10.0.0.0/24', IPRange: '10.0.0.3/26' }),
      config('invalid ip-range 10.0.0.3/26: it should be 10.0.0.0/26'),
    ],
    [withConfig({ Subnet: '10.0.0.0/24', Gateway: 'gw' }), config('invalid gateway gw: invalid address')],
    [
      withConfig({ Subnet: '10.0.0.0/24', Gateway: '10.0.1.1' }),
      config("invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address"),
    ],
    [
      withConfig({ Subnet: '10.0.0.0/24', Gateway: '10.0.0.255' }),
      config('invalid gateway 10.0.0.255: it is the first or the last address of its subnet'),
    ],
    [
      withConfig({ Subnet: '10.0.0.0/24', AuxiliaryAddresses: { nas: '10.9.0.1' } }),
      config("invalid auxiliary address nas: parent subnet 10.0.0.0/24 doesn't contain this address"),
    ],
    [
      withConfig({ Subnet: '10.0.0.0/24', Gateway: 'x', IPRange: 'y' }),
      config('invalid ip-range y: invalid CIDR block notation\ninvalid gateway x: invalid address'),
    ],
    [
      { Name: 'net', Options: { 'com.docker.network.driver.mtu': '9' } },
      'invalid MTU value: 9: must be between 68 and 65535',
    ],
    [
      { Name: 'net', Options: { 'com.docker.network.driver.mtu': '1e3' } },
      'invalid MTU value: 1e3: must be between 68 and 65535',
    ],
  ])('%j', (create, message) => {
    expect(() => validateNetworkCreate(create)).toThrow(new InvalidDocument(message))
  })
})

test('the MTU is read from the options', () => {
  expect(mtuOf({ 'com.docker.network.driver.mtu': '1300' })).toBe(1300)
  expect(mtuOf({})).toBeUndefined()
})
