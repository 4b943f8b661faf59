import { systemClock } from '@shoal/common'
import type { Network, Task } from '@shoal/engine-api'
import { gatewayId, put, remove } from '@shoal/manager/state/index'
import { aService, aSpec, aTask } from '@shoal/manager/state/testing/index'
import { describe, expect, test } from 'vitest'
import { SceneClient, filters } from './scene-client.js'
import { letTasksRun, WORKER } from './api-scene.js'
import { eventually } from '../support/index.js'

const client = SceneClient.forEachTest()

/** Creates an overlay network. @returns its ID */
async function create(Name: string, changes: object = {}): Promise<string> {
  const body = { Name, Driver: 'overlay', ...changes }
  const answer = await client.ask<{ Id: string; Warning: string }>('POST', '/networks/create', body)
  expect(answer).toMatchObject({ status: 201, body: { Warning: '' } })
  return answer.body.Id
}

const subnet = (Subnet: string, more: object = {}): object => ({ IPAM: { Config: [{ Subnet, ...more }] } })

async function inspect(reference: string): Promise<Network> {
  return (await client.ask<Network>('GET', `/networks/${reference}`)).body
}

async function names(filter: object): Promise<string[]> {
  const { body } = await client.ask<Network[]>('GET', `/networks?${filters(filter)}`)
  return body.map(({ Name }) => Name).sort()
}

describe('a network', () => {
  test('that was created is answered with what was chosen, and found by ID, name and prefix', async () => {
    const id = await create('front', { Labels: { tier: 'web' } })
    expect(await inspect('front')).toMatchObject({
      Id: id,
      Name: 'front',
      Scope: 'swarm',
      Driver: 'overlay',
      IPAM: { Driver: 'default', Options: null, Config: [{ Subnet: '10.0.0.0/24', Gateway: '10.0.0.1' }] },
      Internal: false,
      Attachable: false,
      Ingress: false,
      Labels: { tier: 'web' },
      Options: { 'com.docker.network.driver.overlay.vxlanid_list': '4097' },
    })
    expect((await inspect(id)).Id).toBe(id)
    expect((await inspect(id.slice(0, 8))).Id).toBe(id)
    expect(await inspect('front')).not.toHaveProperty('Services')
  })

  test('keeps what was asked for', async () => {
    await create('wide', {
      Internal: true,
      Attachable: true,
      CheckDuplicate: true,
      Options: { 'com.docker.network.driver.mtu': '1300' },
      ...subnet('172.20.0.0/16', { Gateway: '172.20.0.254', IPRange: '172.20.8.0/21' }),
    })
    expect(await inspect('wide')).toMatchObject({
      Internal: true,
      Attachable: true,
      IPAM: { Config: [{ Subnet: '172.20.0.0/16', Gateway: '172.20.0.254', IPRange: '172.20.8.0/21' }] },
      Options: { 'com.docker.network.driver.mtu': '1300' },
    })
  })

  test('gets the next subnet and identifier, and not at once those of one that was removed', async () => {
    await create('one')
    await create('two')
    expect((await client.ask('DELETE', '/networks/two')).status).toBe(204)
    await create('three')
    const { IPAM, Options } = await inspect('three')
    expect(IPAM.Config?.[0]?.Subnet).toBe('10.0.2.0/24')
    expect(Object.values(Options ?? {})).toEqual(['4099'])
  })

  test('two that are asked for at the same time get the one name once', async () => {
    const ask = () => client.ask('POST', '/networks/create', { Name: 'same', Driver: 'overlay' })
    const answers = await Promise.all([ask(), ask()])
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 409])
  })

  test('tells of the nodes that have a part in it', async () => {
    const id = await create('front')
    const meta = { Version: { Index: 0 }, CreatedAt: '', UpdatedAt: '' }
    const place = { NetworkID: id, NodeID: WORKER, Address: '10.0.0.2' }
    await client.scene.state.commit([put('gateway', { ...meta, ID: gatewayId(id, WORKER), ...place })])
    expect((await inspect('front')).Peers).toEqual([{ Name: WORKER, IP: '127.0.0.1' }])
  })

  test('tells of its services and their tasks when it is asked to be verbose', async () => {
    const id = await create('front')
    await onNetwork(id)
    const { body } = await client.ask<object>('GET', '/networks/front?verbose=true')
    const task = { Name: 'web.1.t1', EndpointID: 't1', EndpointIP: '10.0.0.7', Info: {} }
    expect(body).toMatchObject({ Services: { web: { VIP: '10.0.0.5', Tasks: [task] } } })
  })
})

describe('a network is refused', () => {
  test.each<[string, object, number, string]>([
    ['without a name', {}, 400, 'rpc error: code = InvalidArgument desc = meta: name must be provided'],
    ['whose name is taken', { Name: 'taken' }, 409, 'network with name taken already exists'],
    ['with an engine’s name', { Name: 'host' }, 403, 'operation is not permitted on predefined host network'],
    [
      'that overlaps another',
      { Name: 'n', ...subnet('10.9.0.0/16') },
      403,
      'invalid pool request: Pool overlaps with other one on this address space: 10.9.0.0/16 and 10.9.8.0/24 of network taken',
    ],
    [
      'with a subnet that is none',
      { Name: 'n', ...subnet('10.9.0.0/99') },
      400,
      'invalid network config:\ninvalid subnet 10.9.0.0/99: invalid CIDR block notation',
    ],
    [
      'with a gateway elsewhere',
      { Name: 'n', ...subnet('10.8.0.0/24', { Gateway: '10.7.0.1' }) },
      400,
      "invalid network config:\ninvalid gateway 10.7.0.1: parent subnet 10.8.0.0/24 doesn't contain this address",
    ],
    ['of an unknown driver', { Name: 'n', Driver: 'weave' }, 404, 'plugin "weave" not found'],
    [
      'of a driver that is local',
      { Name: 'n', Driver: 'bridge' },
      501,
      "not implemented: networks of the driver bridge, which belong to one engine alone; the cluster's have the driver overlay",
    ],
    [
      'of a local scope',
      { Name: 'n', Scope: 'local' },
      400,
      'invalid scope local: the networks of the cluster have the scope swarm',
    ],
    [
      'encrypted',
      { Name: 'n', Options: { encrypted: '' } },
      501,
      'not implemented: the network option encrypted',
    ],
    [
      'with other options',
      { Name: 'n', Options: { colour: 'red' } },
      501,
      'not implemented: the network option colour',
    ],
    ['with IPv6', { Name: 'n', EnableIPv6: true }, 501, 'not implemented: EnableIPv6: networks with IPv6'],
    ['with a subnet of IPv6', { Name: 'n', ...subnet('fd00::/64') }, 501, 'not implemented: subnets of IPv6'],
    [
      'without IPv4',
      { Name: 'n', EnableIPv4: false },
      501,
      'not implemented: EnableIPv4 false: networks without IPv4',
    ],
    [
      'with two subnets',
      { Name: 'n', IPAM: { Config: [{ Subnet: '10.1.0.0/24' }, { Subnet: '10.2.0.0/24' }] } },
      501,
      'not implemented: more than one subnet in a network',
    ],
    [
      'with options for IPAM',
      { Name: 'n', IPAM: { Options: { serial: 'y' } } },
      501,
      'not implemented: the IPAM option serial',
    ],
    [
      'as a configuration',
      { Name: 'n', ConfigOnly: true },
      501,
      'not implemented: ConfigOnly: networks that only are a configuration',
    ],
    [
      'from a configuration',
      { Name: 'n', ConfigFrom: { Network: 'c' } },
      501,
      'not implemented: ConfigFrom: networks made from a configuration',
    ],
    [
      'with the label of predefined networks',
      { Name: 'n', Labels: { 'com.docker.swarm.predefined': 'true' } },
      403,
      'rpc error: code = PermissionDenied desc = label com.docker.swarm.predefined is for internally created predefined networks and cannot be applied by users',
    ],
  ])('%s', async (_what, body, status, message) => {
    await create('taken', subnet('10.9.8.0/24'))
    const answer = await client.ask('POST', '/networks/create', { Driver: 'overlay', ...body })
    expect(answer).toMatchObject({ status, body: { message } })
    expect(await names({ type: ['custom'] })).toEqual(['taken'])
  })

  test('when the pools are used up', async () => {
    const { state } = client.scene
    const cluster = state.cluster()
    if (cluster) {
      const Shoal = { ...cluster.Shoal, DefaultAddrPool: ['10.50.0.0/23'] }
      await state.commit([put('cluster', { ...cluster, Shoal })])
    }
    await create('one')
    await create('two')
    const answer = await client.ask('POST', '/networks/create', { Name: 'three', Driver: 'overlay' })
    const message = 'all predefined address pools have been fully subnetted'
    expect(answer).toMatchObject({ status: 400, body: { message } })
  })
})

/** A service `web` with a task that runs, on this network. */
async function onNetwork(id: string, desired: 'running' | 'shutdown' = 'running'): Promise<void> {
  const TaskTemplate = { Networks: [{ Target: id }] }
  const Addresses = ['10.0.0.7/24']
  const Status = { State: 'running', Message: '', Timestamp: '' } as const
  await client.scene.state.commit([
    put('service', {
      ...aService('web'),
      Spec: { Name: 'web', TaskTemplate },
      Endpoint: { VirtualIPs: [{ NetworkID: id, Addr: '10.0.0.5/24' }] },
    }),
    put('spec', { ...aSpec('web', 1), TaskTemplate }),
    put(
      'task',
      aTask('t1', {
        DesiredState: desired,
        Status,
        NetworksAttachments: [{ Network: { ID: id, Spec: { Name: 'front' } }, Addresses }],
      }),
    ),
  ])
}

async function removeService(): Promise<void> {
  const service = client.scene.state.get('service', 'web')
  if (service) await client.scene.state.commit([remove('service', service)])
}

describe('a network is removed', () => {
  test('by name, once', async () => {
    await create('front')
    expect((await client.ask('DELETE', '/networks/front')).status).toBe(204)
    const again = await client.ask('DELETE', '/networks/front')
    expect(again).toMatchObject({ status: 404, body: { message: 'network front not found' } })
  })

  test('but not one of the engines’ own', async () => {
    const message = 'bridge is a pre-defined network and cannot be removed'
    expect(await client.ask('DELETE', '/networks/bridge')).toMatchObject({ status: 403, body: { message } })
  })

  test('but not while a service, or a task that is wanted, is on it', async () => {
    const id = await create('front')
    await onNetwork(id)
    const inUse = (by: string) =>
      `rpc error: code = FailedPrecondition desc = network ${id} is in use by ${by}`
    const first = await client.ask('DELETE', '/networks/front')
    expect(first).toMatchObject({ status: 400, body: { message: inUse('service web') } })
    await removeService()
    const second = await client.ask('DELETE', '/networks/front')
    expect(second).toMatchObject({ status: 400, body: { message: inUse('task t1') } })
  })

  test('while the tasks of a removed service are still stopping, as stack rm needs it', async () => {
    await onNetwork(await create('front'), 'shutdown')
    await removeService()
    expect((await client.ask('DELETE', '/networks/front')).status).toBe(204)
  })

  test('an ambiguous beginning of IDs is refused', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, n) => create(`n${n}`)))
    const ids = (await client.ask<Network[]>('GET', '/networks?' + filters({ driver: ['overlay'] }))).body
    const first = ids.map(({ Id }) => Id[0] ?? '')
    const prefix = first.find((letter, index) => first.indexOf(letter) !== index) ?? ''
    const answer = await client.ask('DELETE', `/networks/${prefix}`)
    expect(answer.status).toBe(400)
    expect(answer.body.message).toMatch(/^network . is ambiguous \(\d+ matches found\)$/)
  })
})

describe('the ingress network', () => {
  test('is there from the start', async () => {
    expect(await inspect('ingress')).toMatchObject({
      Ingress: true,
      IPAM: { Config: [{ Subnet: '10.255.0.0/16', Gateway: '10.255.0.1' }] },
    })
  })

  test('is one: another is made only when it was removed', async () => {
    const { Id } = await inspect('ingress')
    const mine = { Name: 'mine', Ingress: true, Driver: 'overlay', ...subnet('10.11.0.0/16') }
    const message = `rpc error: code = AlreadyExists desc = ingress network (${Id}) is already present`
    expect(await client.ask('POST', '/networks/create', mine)).toMatchObject({
      status: 409,
      body: { message },
    })
    expect((await client.ask('DELETE', '/networks/ingress')).status).toBe(204)
    expect((await client.ask('POST', '/networks/create', mine)).status).toBe(201)
    expect(await inspect('mine')).toMatchObject({ IPAM: { Config: [{ Subnet: '10.11.0.0/16' }] } })
  })

  test('stays while a service publishes a port through it', async () => {
    const EndpointSpec = { Ports: [{ TargetPort: 80, PublishedPort: 80, PublishMode: 'ingress' }] }
    await client.scene.state.commit([
      put('service', { ...aService('web'), Spec: { Name: 'web', EndpointSpec } }),
    ])
    const message =
      'rpc error: code = FailedPrecondition desc = ingress network cannot be removed because service web depends on it'
    expect(await client.ask('DELETE', '/networks/ingress')).toMatchObject({ status: 400, body: { message } })
  })
})

describe('networks are listed', () => {
  test.each<[object, string[]]>([
    [{}, ['back', 'bridge', 'front', 'host', 'ingress', 'none']],
    [{ name: ['n'] }, ['front', 'ingress', 'none']],
    [{ label: ['tier=web'] }, ['front']],
    [{ driver: ['overlay'] }, ['back', 'front', 'ingress']],
    [{ scope: ['local'] }, ['bridge', 'host', 'none']],
    [{ type: ['custom'] }, ['back', 'front']],
    [{ type: ['builtin'] }, ['bridge', 'host', 'ingress', 'none']],
    [{ dangling: ['true'], type: ['custom'] }, ['back']],
    [{ dangling: ['false'], type: ['custom'] }, ['front']],
  ])('%j', async (filter, expected) => {
    await onNetwork(await create('front', { Labels: { tier: 'web' } }))
    await create('back')
    expect(await names(filter)).toEqual(expected)
  })

  test.each<[object, string]>([
    [{ type: ['odd'] }, "invalid filter: 'type'='odd'"],
    [{ dangling: ['maybe'] }, `invalid filter 'dangling=["maybe"]'`],
    [{ mood: ['x'] }, "invalid filter 'mood'"],
  ])('but not by %j', async (filter, message) => {
    expect(await client.ask('GET', `/networks?${filters(filter)}`)).toMatchObject({
      status: 400,
      body: { message },
    })
  })
})

describe('networks are pruned', () => {
  const prune = async (filter: object = {}) =>
    client.ask<{ NetworksDeleted: string[] }>('POST', `/networks/prune?${filters(filter)}`)

  test('those that nobody uses, and not the ingress network', async () => {
    await onNetwork(await create('used'))
    await create('idle')
    expect((await prune()).body).toEqual({ NetworksDeleted: ['idle'] })
    expect(await names({ driver: ['overlay'] })).toEqual(['ingress', 'used'])
  })

  test.each<[object, string[]]>([
    [{ label: ['keep'] }, ['a']],
    [{ 'label!': ['keep'] }, ['b']],
    [{ until: ['1h'] }, []],
    [{ until: ['2000-01-01T00:00:00Z'] }, []],
    [{ until: ['33000000000'] }, ['a', 'b']],
  ])('those that %j names', async (filter, removed) => {
    await create('a', { Labels: { keep: 'yes' } })
    await create('b')
    expect((await prune(filter)).body.NetworksDeleted.sort()).toEqual(removed)
  })

  test('but not by a time that is none', async () => {
    expect((await prune({ until: ['soon'] })).status).toBe(400)
  })
})

describe('services on networks', () => {
  test('are told of with VIPs, their tasks with the networks that they are on', async () => {
    const id = await create('front')
    const Networks = [{ Target: 'front', Aliases: ['till'] }]
    const Ports = [{ TargetPort: 80, PublishedPort: 8080 }]
    const service = await client.create({
      TaskTemplate: { ContainerSpec: { Image: 'busybox:1' }, Networks },
      EndpointSpec: { Ports },
    })
    const ingress = (await inspect('ingress')).Id
    expect(await client.inspect('web')).toMatchObject({
      Spec: { TaskTemplate: { Networks: [{ Target: id, Aliases: ['till'] }] } },
      Endpoint: {
        Spec: { Mode: 'vip', Ports: [{ PublishedPort: 8080, PublishMode: 'ingress', Protocol: 'tcp' }] },
        Ports: [{ PublishedPort: 8080 }],
        VirtualIPs: [
          { NetworkID: ingress, Addr: '10.255.0.2/16' },
          { NetworkID: id, Addr: '10.0.0.2/24' },
        ],
      },
    })
    letTasksRun(client.scene.options, systemClock, new AbortController().signal)
    const task = await eventually(async () => {
      const { body } = await client.ask<Task[]>('GET', `/tasks?${filters({ service: [service] })}`)
      expect(body).toMatchObject([{ Status: { State: 'running' } }])
      return body[0]
    })
    expect(task?.NetworksAttachments).toMatchObject([
      {
        Network: { ID: ingress, Spec: { Name: 'ingress', Ingress: true, Scope: 'swarm' } },
        Addresses: [expect.stringMatching(/^10\.255\.0\.\d+\/16$/)],
      },
      {
        Network: {
          ID: id,
          Spec: { Name: 'front', DriverConfiguration: { Name: 'overlay' } },
          DriverState: {
            Name: 'overlay',
            Options: { 'com.docker.network.driver.overlay.vxlanid_list': '4097' },
          },
          IPAMOptions: {
            Driver: { Name: 'default' },
            Configs: [{ Subnet: '10.0.0.0/24', Gateway: '10.0.0.1' }],
          },
        },
        Addresses: [expect.stringMatching(/^10\.0\.0\.\d+\/24$/)],
      },
    ])
  })

  test('are refused when the network goes at the same time, or keep it: one or the other', async () => {
    await create('front')
    const Networks = [{ Target: 'front' }]
    const body = { Name: 'web', TaskTemplate: { ContainerSpec: { Image: 'busybox:1' }, Networks } }
    const [made, removed] = await Promise.all([
      client.ask('POST', '/services/create', body),
      client.ask('DELETE', '/networks/front'),
    ])
    expect([
      [201, 400],
      [404, 204],
    ]).toContainEqual([made.status, removed.status])
  })
})

test('a network that nobody has is not found, in whatever scope', async () => {
  await create('front')
  for (const path of ['/networks/back', '/networks/front?scope=local', '/networks/back?scope=swarm']) {
    expect((await client.ask('GET', path)).status).toBe(404)
  }
  expect((await client.ask('GET', '/networks/front?scope=swarm')).status).toBe(200)
})
