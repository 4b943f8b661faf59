import { VirtualClock } from '@shoal/common/virtual-clock'
import type { Network, NetworkCreate } from '@shoal/engine-api'
import { afterEach, describe, expect, test } from 'vitest'
import { type FakeManager, fakeManager, type Routes } from '../../testing/index.js'

const network = (Name: string, more: Partial<Network> = {}): Network => ({
  Name,
  Id: `${Name}idididididididididididid`.slice(0, 25),
  Created: '2026-01-01T11:00:00Z',
  Scope: 'swarm',
  Driver: 'overlay',
  EnableIPv4: true,
  EnableIPv6: false,
  IPAM: { Driver: 'default', Options: null, Config: [{ Subnet: '10.0.0.0/24', Gateway: '10.0.0.1' }] },
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigFrom: { Network: '' },
  ConfigOnly: false,
  Containers: null,
  Options: {},
  Labels: {},
  ...more,
})

let manager: FakeManager
afterEach(() => manager.close())
const given = async (routes: Routes): Promise<FakeManager> =>
  (manager = await fakeManager(routes, new VirtualClock(Date.UTC(2026, 0, 1, 12))))

describe('a network is created', () => {
  const created: Routes = {
    'POST /networks/create': () => ({ status: 201, body: { Id: 'newid', Warning: '' } }),
  }
  const asked = async (...words: string[]): Promise<NetworkCreate> => {
    const { ctl, requests } = await given(created)
    expect(await ctl('network', 'create', ...words)).toEqual({ code: 0, out: 'newid\n', err: '' })
    return requests[0]?.body as NetworkCreate
  }

  test('by its name alone: an overlay', async () => {
    expect(await asked('front')).toEqual({
      Name: 'front',
      Driver: 'overlay',
      Scope: '',
      Internal: false,
      Attachable: false,
      Ingress: false,
      ConfigOnly: false,
      EnableIPv6: false,
      IPAM: { Driver: 'default', Options: {}, Config: [] },
      Options: {},
      Labels: {},
    })
  })

  test('with everything that it can be', async () => {
    const addresses = ['--subnet', '10.20.0.0/16', '--gateway', '10.20.0.9', '--ip-range', '10.20.4.0/22']
    const more = [
      '--aux-address',
      'nas=10.20.0.7',
      '--label',
      'a=b',
      '-o',
      'com.docker.network.driver.mtu=1300',
    ]
    expect(await asked('--internal', '--attachable', ...addresses, ...more, 'back')).toMatchObject({
      Internal: true,
      Attachable: true,
      IPAM: {
        Config: [
          {
            Subnet: '10.20.0.0/16',
            Gateway: '10.20.0.9',
            IPRange: '10.20.4.0/22',
            AuxiliaryAddresses: { nas: '10.20.0.7' },
          },
        ],
      },
      Options: { 'com.docker.network.driver.mtu': '1300' },
      Labels: { a: 'b' },
    })
  })

  test('with several subnets, each with what belongs to it', async () => {
    const words = '--subnet 10.1.0.0/24,10.2.0.0/24 --gateway 10.2.0.1 --ip-range 10.1.0.0/26'.split(' ')
    expect((await asked(...words, 'n')).IPAM?.Config).toEqual([
      { Subnet: '10.1.0.0/24', IPRange: '10.1.0.0/26' },
      { Subnet: '10.2.0.0/24', Gateway: '10.2.0.1' },
    ])
  })

  test('without IPv4, if the manager lets it', async () => {
    expect((await asked('--ipv4=false', 'n')).EnableIPv4).toBe(false)
  })

  test.each<[string, RegExp]>([
    ['--gateway 10.0.0.1 n', /every ip-range or gateway must have a corresponding subnet/],
    ['--subnet 10.1.0.0/24 --gateway 10.2.0.1 n', /no matching subnet for gateway 10\.2\.0\.1/],
    ['--subnet 10.1.0.0/24 --ip-range 10.2.0.0/26 n', /no matching subnet for range 10\.2\.0\.0\/26/],
    ['--subnet 10.1.0.0/24 --aux-address nas=10.2.0.1 n', /no matching subnet for aux-address 10\.2\.0\.1/],
    ['--subnet 10.1.0.0/16,10.1.4.0/24 n', /multiple overlapping subnet configuration is not supported/],
    ['--subnet 10.1.0.0/24,10.3.0.0/24 --gateway 10.1.0.1,10.1.0.2 n', /cannot configure multiple gateways/],
    ['', /requires 1 argument/],
  ])('but not by %j', async (words, message) => {
    const { ctl, requests } = await given(created)
    const ran = await ctl('network', 'create', ...words.split(' ').filter(Boolean))
    expect(ran.code).not.toBe(0)
    expect(ran.err).toMatch(message)
    expect(requests).toEqual([])
  })
})

describe('networks are listed', () => {
  const routes: Routes = {
    'GET /networks': () => ({ body: [network('front', { Labels: { tier: 'web' } }), network('back')] }),
  }

  test('as a table, by name', async () => {
    const { ctl, requests } = await given(routes)
    const { out } = await ctl('network', 'ls', '--filter', 'driver=overlay')
    expect(out).toBe(
      'NETWORK ID     NAME      DRIVER    SCOPE\n' +
        'backidididid   back      overlay   swarm\n' +
        'frontidididi   front     overlay   swarm\n',
    )
    expect(requests[0]?.query).toEqual({ filters: '{"driver":{"overlay":true}}' })
  })

  test.each<[string[], string]>([
    [['-q'], 'backidididid\nfrontidididi\n'],
    [['-q', '--no-trunc'], `${network('back').Id}\n${network('front').Id}\n`],
    [['--format', '{{.Name}} {{.Labels}} {{.Internal}}'], 'back  false\nfront tier=web false\n'],
  ])('%j', async (words, out) => {
    expect((await (await given(routes)).ctl('network', 'ls', ...words)).out).toBe(out)
  })
})

test('a network is inspected, with its services if that is asked for', async () => {
  const { ctl, requests } = await given({ 'GET /networks/front': () => ({ body: network('front') }) })
  const { out } = await ctl('network', 'inspect', '-v', '-f', '{{.Name}} {{.Driver}}', 'front')
  expect(out).toBe('front overlay\n')
  expect(requests[0]?.query).toEqual({ verbose: 'true' })
})

describe('a network is removed', () => {
  const routes: Routes = {
    'GET /networks/front': () => ({ body: network('front') }),
    'DELETE /networks/front': () => ({ status: 204 }),
    'GET /networks/ingress': () => ({ body: network('ingress', { Ingress: true }) }),
    'GET /networks/gone': () => ({ status: 404, body: { message: 'network gone not found' } }),
    'DELETE /networks/gone': () => ({ status: 404, body: { message: 'network gone not found' } }),
  }

  test('with others; who is not there is told', async () => {
    const { ctl } = await given(routes)
    const ran = await ctl('network', 'rm', 'gone', 'front')
    expect(ran.out).toBe('front\n')
    expect(ran.err).toMatch(/network gone not found/)
    expect(ran.code).not.toBe(0)
    expect(await ctl('network', 'rm', '--force', 'gone')).toEqual({ code: 0, out: '', err: '' })
  })

  test('but the ingress network only when the user says yes', async () => {
    const { ctl, requests } = await given(routes)
    expect(await ctl('network', 'rm', 'ingress')).toMatchObject({ code: 0, out: '' })
    expect(requests.map(({ method }) => method)).toEqual(['GET'])
  })
})

describe('networks are pruned', () => {
  const routes: Routes = { 'POST /networks/prune': () => ({ body: { NetworksDeleted: ['a', 'b'] } }) }

  test('by force', async () => {
    const { ctl, requests } = await given(routes)
    const { out } = await ctl('network', 'prune', '-f', '--filter', 'until=24h')
    expect(out).toBe('Deleted Networks:\na\nb\n')
    expect(requests[0]?.query).toEqual({ filters: '{"until":{"24h":true}}' })
  })

  test('or by consent', async () => {
    const { ctl, requests } = await given(routes)
    expect(await ctl('network', 'prune')).toMatchObject({ code: 0, out: '' })
    expect(requests).toEqual([])
  })
})
