import { beforeEach, describe, expect, test } from 'vitest'
import { toTimestamp, type TaskState } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import type { EndpointSet, NetworkPeer, NodeNetwork } from '@shoal/engine-api'
import { gatewayId, put, remove, type GatewayRecord, type TaskRecord } from '../state/records.js'
import type { LiveState } from '../state/open.js'
import { aNetwork, aNode, aService, aSpec, aTask, createTestState } from '../state/testing/index.js'
import { NetworkDocuments, type Departure } from './network-documents.js'

const AT = toTimestamp(Date.UTC(2026, 0, 1))

function aGateway(networkId: string, nodeId: string, Address: string): GatewayRecord {
  const meta = { Version: { Index: 0 }, CreatedAt: AT, UpdatedAt: AT }
  return { ...meta, ID: gatewayId(networkId, nodeId), NetworkID: networkId, NodeID: nodeId, Address }
}

/** A task of `web` with an address on the networks named. */
function placed(id: string, NodeID: string, State: TaskState, addresses: Record<string, string>): TaskRecord {
  return aTask(id, {
    NodeID,
    Status: { Timestamp: AT, State, Message: '' },
    NetworksAttachments: Object.entries(addresses).map(([network, address]) => ({
      Network: { ID: network, Spec: { Name: network } },
      Addresses: [address],
    })),
  })
}

/**
 * Three nodes; `n1` and `n2` take part in `back`, all of them in `ingress`. The service `web` is on `back` as `shop`
 * and publishes 8080; the service `db` is on `back` only.
 */
async function givenState(): Promise<LiveState> {
  const state = await createTestState(new VirtualClock())
  await state.commit([
    ...['n1', 'n2', 'n3'].map((id, i) =>
      put('node', aNode(id, { Status: { State: 'ready', Addr: `192.168.0.${i + 1}` } })),
    ),
    put('network', aNetwork('ingress', '10.0.0.0/16', { Ingress: true })),
    put('network', aNetwork('back', '10.1.0.0/24', { Options: { 'com.docker.network.driver.mtu': '1400' } })),
    ...['n1', 'n2', 'n3'].map((id, i) => put('gateway', aGateway('ingress', id, `10.0.0.1${i}`))),
    ...['n1', 'n2'].map((id, i) => put('gateway', aGateway('back', id, `10.1.0.1${i}`))),
    put(
      'service',
      aService('web', {
        Endpoint: {
          Ports: [
            { Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080, PublishMode: 'ingress' },
            { Protocol: 'tcp', TargetPort: 81, PublishedPort: 8081, PublishMode: 'host' },
          ],
          VirtualIPs: [{ NetworkID: 'back', Addr: '10.1.0.200/24' }],
        },
      }),
    ),
    put('spec', { ...aSpec('web', 1), TaskTemplate: { Networks: [{ Target: 'back', Aliases: ['shop'] }] } }),
    put('service', aService('db', { Spec: { Name: 'db', EndpointSpec: { Mode: 'dnsrr' } } })),
    put('spec', { ...aSpec('db', 1), TaskTemplate: { Networks: [{ Target: 'back' }] } }),
    put('service', aService('lonely')),
    put('spec', aSpec('lonely', 1)),
  ])
  return state
}

describe('the documents of the network', () => {
  let state: LiveState
  let documents: NetworkDocuments
  /** `node key`, since the last look. */
  let heard: Set<string>
  let departures: Departure[]

  beforeEach(async () => {
    state = await givenState()
    documents = new NetworkDocuments(state)
    heard = new Set()
    departures = []
    state.subscribe((changes) => {
      departures.push(...documents.follow(changes, (nodeId, key) => heard.add(`${nodeId} ${key}`)))
    })
  })

  const running = placed('t1', 'n1', 'running', { ingress: '10.0.1.1/16', back: '10.1.0.30/24' })

  function taken(): string[] {
    const all = [...heard].sort()
    heard.clear()
    return all
  }

  async function change(id: string, changes: Partial<TaskRecord>): Promise<void> {
    const task = state.get('task', id)
    if (task) await state.commit([put('task', { ...task, ...changes })])
  }

  function endpoints(nodeId: string, serviceId: string): EndpointSet | undefined {
    const text = documents.textFor(nodeId, `endpoints/${serviceId}`)
    return text === undefined ? undefined : (JSON.parse(text) as EndpointSet)
  }

  test('a node is told of the networks that it takes part in, and of what is there', () => {
    expect([...new Set(documents.keysFor('n1'))].sort()).toEqual([
      'endpoints/db',
      'endpoints/web',
      'network/back',
      'network/ingress',
      'peer/back/10.1.0.11',
    ])
    expect([...new Set(documents.keysFor('n3'))].sort()).toEqual(['endpoints/web', 'network/ingress'])
    expect([...documents.keysFor('stranger')]).toEqual([])
  })

  test('a network as a node has it', () => {
    expect(JSON.parse(documents.textFor('n2', 'network/back') ?? '')).toEqual({
      ID: 'back',
      Name: 'back',
      Subnet: '10.1.0.0/24',
      Gateway: '10.1.0.1',
      NodeGateway: '10.1.0.11',
      Vni: 4097,
      DataPathPort: 4789,
      NodeAddress: '192.168.0.2',
      Mtu: 1400,
      Internal: false,
      Attachable: false,
      Ingress: false,
    } satisfies NodeNetwork)
    expect(documents.textFor('n3', 'network/back')).toBeUndefined()
  })

  test('an endpoint set as all have it that are concerned', async () => {
    await state.commit([
      put('task', running),
      put('task', { ...placed('t2', 'n2', 'starting', { back: '10.1.0.31/24' }), Slot: 2 }),
    ])
    expect(endpoints('n2', 'web')).toEqual({
      ServiceID: 'web',
      ServiceName: 'web',
      Mode: 'vip',
      Networks: [{ NetworkID: 'back', VirtualIP: '10.1.0.200', Aliases: ['shop'] }],
      Ports: [{ Protocol: 'tcp', PublishedPort: 8080, TargetPort: 80 }],
      Endpoints: [
        {
          TaskID: 't1',
          Name: 'web.1.t1',
          NodeID: 'n1',
          Addresses: { ingress: '10.0.1.1', back: '10.1.0.30' },
          Weight: 1,
        },
      ],
    })
    expect(endpoints('n3', 'web')).toEqual(endpoints('n2', 'web'))
    expect(endpoints('n2', 'db')).toMatchObject({
      Mode: 'dnsrr',
      Networks: [{ NetworkID: 'back' }],
      Ports: [],
    })
    expect(endpoints('n3', 'db')).toBeUndefined()
    expect(endpoints('n2', 'lonely')).toBeUndefined()
  })

  test('a task that is placed is a peer for the others; one that runs, an endpoint for all', async () => {
    await state.commit([put('task', { ...running, Status: { ...running.Status, State: 'assigned' } })])
    expect(taken()).toEqual([
      'n1 peer/back/10.1.0.30',
      'n1 peer/ingress/10.0.0.10',
      'n1 peer/ingress/10.0.0.11',
      'n1 peer/ingress/10.0.0.12',
      'n1 peer/ingress/10.0.1.1',
      'n2 peer/back/10.1.0.30',
      'n2 peer/ingress/10.0.1.1',
      'n3 peer/ingress/10.0.1.1',
    ])
    expect(JSON.parse(documents.textFor('n2', 'peer/back/10.1.0.30') ?? '')).toEqual({
      NetworkID: 'back',
      Address: '10.1.0.30',
      NodeID: 'n1',
      NodeAddress: '192.168.0.1',
      Gateway: false,
    } satisfies NetworkPeer)
    expect(documents.textFor('n1', 'peer/back/10.1.0.30')).toBeUndefined()
    state.observe('t1', { ...running.Status, State: 'preparing' })
    expect(taken()).toEqual([])
    await change('t1', { Status: running.Status })
    expect(taken()).toEqual(['n1 endpoints/web', 'n2 endpoints/web', 'n3 endpoints/web'])
  })

  test("the other nodes' gateways on the ingress network concern who has, or had, a task there, and no others", async () => {
    // Given nodes without tasks
    expect(documents.textFor('n1', 'peer/ingress/10.0.0.11')).toBeUndefined()

    // When one gets a task on the ingress network, and another node comes
    await state.commit([put('task', running)])
    taken()
    await state.commit([
      put('node', aNode('n4', { Status: { State: 'ready', Addr: '192.168.0.4' } })),
      put('gateway', aGateway('ingress', 'n4', '10.0.0.13')),
    ])

    // Then it alone is told of the gateways, also after the task has ended
    expect(taken().filter((told) => told.includes('10.0.0.13'))).toEqual([
      'n1 peer/ingress/10.0.0.13',
      'n4 peer/ingress/10.0.0.13',
    ])
    await change('t1', { Status: { ...running.Status, State: 'shutdown' } })
    expect(JSON.parse(documents.textFor('n1', 'peer/ingress/10.0.0.13') ?? '')).toMatchObject({
      Gateway: true,
    })
    expect(documents.textFor('n2', 'peer/ingress/10.0.0.13')).toBeUndefined()
    expect([...new NetworkDocuments(state).keysFor('n1')]).not.toContain('peer/ingress/10.0.0.13')
  })

  test('a gateway with an address that a task had is told to all: they may know it as the task', async () => {
    await state.commit([put('task', running)])
    taken()
    await state.commit([put('gateway', aGateway('ingress', 'n4', '10.0.1.1'))])
    expect(taken().filter((told) => told.endsWith('10.0.1.1'))).toHaveLength(4)
  })

  test('a task that is to stop leaves the set with that commit, and stays a peer until it has ended', async () => {
    await state.commit([put('task', running)])
    taken()
    await change('t1', { DesiredState: 'shutdown' })
    expect(taken()).toEqual(['n1 endpoints/web', 'n2 endpoints/web', 'n3 endpoints/web'])
    expect(endpoints('n1', 'web')?.Endpoints).toEqual([])
    expect(departures).toEqual([{ serviceId: 'web', taskIds: ['t1'], nodeIds: ['n1', 'n2', 'n3'] }])
    await change('t1', { DesiredState: 'remove' })
    expect(taken()).toEqual([])
    await change('t1', { Status: { ...running.Status, State: 'shutdown' } })
    expect(taken()).toEqual([
      'n1 peer/back/10.1.0.30',
      'n1 peer/ingress/10.0.1.1',
      'n2 peer/back/10.1.0.30',
      'n2 peer/ingress/10.0.1.1',
      'n3 peer/ingress/10.0.1.1',
    ])
    expect(documents.textFor('n2', 'peer/back/10.1.0.30')).toBeUndefined()
    expect(departures).toHaveLength(1)
  })

  test('a task that ends by itself, or that never was an endpoint, departs from nothing', async () => {
    await state.commit([
      put('task', running),
      put('task', { ...placed('t2', 'n2', 'starting', { back: '10.1.0.31/24' }), Slot: 2 }),
    ])
    await change('t1', { Status: { ...running.Status, State: 'failed' } })
    await change('t2', { DesiredState: 'shutdown' })
    expect(departures).toEqual([])
  })

  test('several that leave in one commit depart together', async () => {
    const second = { ...placed('t2', 'n2', 'running', { ingress: '10.0.1.2/16' }), Slot: 2 }
    await state.commit([put('task', running), put('task', second)])
    const tasks = [...state.all('task')]
    await state.commit(tasks.map((task) => put('task', { ...task, DesiredState: 'remove' })))
    expect(departures.map(({ taskIds }) => [...taskIds])).toEqual([['t1', 't2']])
  })

  test('a service that is removed takes its set along, and its tasks depart', async () => {
    await state.commit([put('task', running)])
    taken()
    await state.commit([remove('service', state.get('service', 'web')!)])
    expect(taken()).toEqual(['n1 endpoints/web', 'n2 endpoints/web', 'n3 endpoints/web'])
    expect(endpoints('n1', 'web')).toBeUndefined()
    expect(departures).toEqual([{ serviceId: 'web', taskIds: ['t1'], nodeIds: ['n1', 'n2', 'n3'] }])
    await change('t1', { DesiredState: 'remove' })
    expect(departures).toHaveLength(1)
  })

  test('a service that publishes nothing any more is taken from the nodes that knew it for its port', async () => {
    await state.commit([put('task', running)])
    taken()
    const web = state.get('service', 'web')!
    await state.commit([put('service', { ...web, Endpoint: { VirtualIPs: web.Endpoint.VirtualIPs ?? [] } })])
    expect(taken()).toEqual(['n1 endpoints/web', 'n2 endpoints/web', 'n3 endpoints/web'])
    expect(endpoints('n3', 'web')).toBeUndefined()
    expect(endpoints('n2', 'web')?.Ports).toEqual([])
    expect(departures.map(({ taskIds }) => [...taskIds])).toEqual([['t1']])
  })

  test('a service that publishes one port less is waited for, though none of its tasks leaves', async () => {
    await state.commit([put('task', running)])
    const web = state.get('service', 'web')!
    const ports = web.Endpoint.Ports ?? []
    const second = { ...ports[0]!, PublishedPort: 9_999 }
    await state.commit([put('service', { ...web, Endpoint: { ...web.Endpoint, Ports: [...ports, second] } })])
    expect(departures).toEqual([])
    const more = state.get('service', 'web')!
    await state.commit([put('service', { ...more, Endpoint: web.Endpoint })])
    expect(departures).toEqual([{ serviceId: 'web', taskIds: [], nodeIds: ['n1', 'n2', 'n3'] }])
  })

  test('what a rollout writes down concerns nobody', async () => {
    const web = state.get('service', 'web')!
    await state.commit([put('service', { ...web, UpdateStatus: { State: 'updating', Message: '' } })])
    expect(taken()).toEqual([])
  })

  test('a node whose part in a network begins hears all of it, and the others hear of its gateway', async () => {
    await state.commit([put('task', running)])
    taken()
    await state.commit([put('gateway', aGateway('back', 'n3', '10.1.0.12'))])
    expect(taken()).toEqual([
      'n1 peer/back/10.1.0.12',
      'n2 peer/back/10.1.0.12',
      'n3 endpoints/db',
      'n3 endpoints/web',
      'n3 network/back',
      'n3 peer/back/10.1.0.10',
      'n3 peer/back/10.1.0.11',
      'n3 peer/back/10.1.0.12',
      'n3 peer/back/10.1.0.30',
    ])
    expect(documents.textFor('n3', 'endpoints/db')).toBeDefined()
    expect(documents.textFor('n3', 'peer/back/10.1.0.12')).toBeUndefined()
    await state.commit([remove('gateway', state.get('gateway', gatewayId('back', 'n3'))!)])
    expect(taken()).toContain('n3 peer/back/10.1.0.30')
    expect([...new Set(documents.keysFor('n3'))].filter((key) => key.includes('back'))).toEqual([])
    expect(documents.textFor('n3', 'peer/back/10.1.0.30')).toBeUndefined()
  })

  test('a node that is lost serves nobody, and nothing on it is a peer; when it is back, it is as before', async () => {
    await state.commit([put('task', running)])
    taken()
    const node = state.get('node', 'n1')!
    await state.commit([put('node', { ...node, Status: { ...node.Status, State: 'down' } })])
    expect(endpoints('n2', 'web')?.Endpoints).toEqual([])
    expect(taken()).toEqual(expect.arrayContaining(['n3 endpoints/web', 'n2 peer/back/10.1.0.30']))
    expect(documents.textFor('n2', 'peer/back/10.1.0.30')).toBeUndefined()
    expect(documents.textFor('n2', 'peer/back/10.1.0.10')).toBeUndefined()
    const down = state.get('node', 'n1')!
    await state.commit([put('node', { ...down, Status: node.Status })])
    expect(endpoints('n2', 'web')?.Endpoints).toHaveLength(1)
    expect(documents.textFor('n2', 'peer/back/10.1.0.30')).toBeDefined()
  })

  test('a node that is reached elsewhere is told of again, with all that is on it', async () => {
    await state.commit([put('task', running)])
    taken()
    const node = state.get('node', 'n1')!
    await state.commit([put('node', { ...node, Status: { State: 'ready', Addr: '192.168.7.7' } })])
    expect(taken()).toEqual([
      'n1 network/back',
      'n1 network/ingress',
      'n1 peer/back/10.1.0.10',
      'n1 peer/back/10.1.0.30',
      'n1 peer/ingress/10.0.0.10',
      'n1 peer/ingress/10.0.1.1',
      'n2 peer/back/10.1.0.10',
      'n2 peer/back/10.1.0.30',
      'n2 peer/ingress/10.0.1.1',
      'n3 peer/ingress/10.0.1.1',
    ])
    expect(documents.textFor('n2', 'peer/back/10.1.0.30')).toContain('192.168.7.7')
  })

  test('an address that another task has by now is not taken from it', async () => {
    await state.commit([put('task', running)])
    await state.commit([put('task', placed('t9', 'n2', 'assigned', { back: '10.1.0.30/24' }))])
    await change('t1', { Status: { ...running.Status, State: 'failed' } })
    expect(documents.textFor('n1', 'peer/back/10.1.0.30')).toContain('"NodeID":"n2"')
  })

  test('ports are reached through the ingress network while there is one', async () => {
    await state.commit([remove('network', state.get('network', 'ingress')!)])
    expect(endpoints('n3', 'web')).toBeUndefined()
    await state.commit([put('network', aNetwork('ingress', '10.0.0.0/16', { Ingress: true }))])
    expect(endpoints('n3', 'web')).toBeDefined()
    expect(taken()).toContain('n3 endpoints/web')
  })

  test('what was followed is what a new manager reads', async () => {
    await state.commit([put('task', running)])
    await change('t1', { DesiredState: 'shutdown' })
    await state.commit([put('gateway', aGateway('back', 'n3', '10.1.0.12'))])
    const fresh = new NetworkDocuments(state)
    for (const nodeId of ['n1', 'n2', 'n3']) {
      const keys = [...new Set(fresh.keysFor(nodeId))].sort()
      expect([...new Set(documents.keysFor(nodeId))].sort()).toEqual(keys)
      for (const key of keys) expect(documents.textFor(nodeId, key)).toBe(fresh.textFor(nodeId, key))
    }
  })
})
