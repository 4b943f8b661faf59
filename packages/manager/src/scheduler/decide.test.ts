import { seededRandom } from '@shoal/common'
import type { EndpointSpec, GenericResource, TaskSpec } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import { put, type NodeRecord, type SpecRecord, type TaskRecord } from '../state/records.js'
import { MemoryState } from '../state/memory-state.js'
import { aNode, aSpec, aTask } from '../state/testing/index.js'
import { decideGroup, type Decision } from './decide.js'
import { NodeSet } from './node-set.js'
import { binpack, random, spread, type Strategy } from './strategy.js'

interface Given {
  readonly nodes: readonly NodeRecord[]
  /** Tasks that are there already. */
  readonly tasks?: readonly TaskRecord[]
  readonly specs?: readonly SpecRecord[]
  readonly nowMs?: number
  readonly strategy?: Strategy
}

const NOW = Date.UTC(2026, 0, 1)

/** A view that holds these records, without a store. */
function viewOf(given: Given): MemoryState {
  const view = new MemoryState()
  const mutations = [
    ...given.nodes.map((node) => put('node', node)),
    ...(given.specs ?? [specWith({})]).map((spec) => put('spec', spec)),
    ...(given.tasks ?? []).map((task) => put('task', task)),
  ]
  view.apply(
    mutations.map(
      ({ kind, record }, index) => ({ kind, slot: record.ID, revision: index + 1, record }) as never,
    ),
  )
  return view
}

/** Decides on pending tasks, which the view knows, too. */
function decide(given: Given, pending: readonly TaskRecord[]): Decision[] {
  const set = NodeSet.of(viewOf({ ...given, tasks: [...(given.tasks ?? []), ...pending] }))
  const [first] = pending
  const demand = first && set.demandOf(first.ServiceID, first.Shoal.SpecVersion)
  if (demand === undefined) throw new Error('the pending tasks have no spec')
  const { strategy = spread, nowMs = NOW } = given
  return [...decideGroup({ set, demand, tasks: pending, strategy, random: seededRandom(7), nowMs })]
}

function outcomes(decisions: readonly Decision[]): string[] {
  return decisions.map((decision) => {
    if (decision.type === 'assign') return decision.nodeId
    return decision.type === 'refuse' ? decision.reason : 'left alone'
  })
}

function specWith(TaskTemplate: TaskSpec, endpoint?: EndpointSpec): SpecRecord {
  return { ...aSpec('web', 1), TaskTemplate, ...(endpoint && { EndpointSpec: endpoint }) }
}

function status(State: TaskRecord['Status']['State']): TaskRecord['Status'] {
  return { Timestamp: '2026-01-01T00:00:00.000Z', State, Message: '' }
}

function pending(id: string, changes: Partial<TaskRecord> = {}): TaskRecord {
  return aTask(id, { Status: status('pending'), ...changes })
}

function running(id: string, NodeID: string, changes: Partial<TaskRecord> = {}): TaskRecord {
  return aTask(id, { NodeID, Status: status('running'), ...changes })
}

function labelled(id: string, Labels: Record<string, string>): NodeRecord {
  return { ...aNode(id), Spec: { Labels } }
}

function offering(id: string, GenericResources: GenericResource[]): NodeRecord {
  const node = aNode(id)
  return { ...node, Description: { ...node.Description, Resources: { GenericResources } } }
}

function withPlugins(id: string, ...plugins: string[]): NodeRecord {
  const node = aNode(id)
  const Plugins = plugins.map((plugin) => {
    const [Type = '', Name = ''] = plugin.split('/')
    return { Type, Name }
  })
  return { ...node, Description: { ...node.Description, Engine: { EngineVersion: '28.0.0', Plugins } } }
}

const discrete = (Kind: string, Value: number): GenericResource => ({ DiscreteResourceSpec: { Kind, Value } })
const named = (Kind: string, Value: string): GenericResource => ({ NamedResourceSpec: { Kind, Value } })
const reserving = (NanoCPUs: number, MemoryBytes = 0): TaskSpec => ({
  Resources: { Reservations: { NanoCPUs, MemoryBytes } },
})
const publishing = (PublishedPort: number, Protocol = 'tcp'): EndpointSpec => ({
  Ports: [{ Protocol, TargetPort: 80, PublishedPort, PublishMode: 'host' }],
})
const volumeOf = (Name: string): TaskSpec => ({
  ContainerSpec: { Mounts: [{ Type: 'volume', Target: '/data', VolumeOptions: { DriverConfig: { Name } } }] },
})

describe('one node, one task: what each filter says', () => {
  const down: NodeRecord = { ...aNode('n1'), Status: { State: 'down', Addr: '' } }
  const generic = (wanted: GenericResource[]) =>
    specWith({ Resources: { Reservations: { GenericResources: wanted } } })
  const cases: [string, Given, string][] = [
    ['a ready node', { nodes: [aNode('n1')] }, 'n1'],
    ['no node at all', { nodes: [] }, 'no suitable node'],
    ['a node that is down', { nodes: [down] }, 'no suitable node (1 node not available for new tasks)'],
    [
      'two that are paused or drained',
      {
        nodes: [
          { ...aNode('n1'), Spec: { Availability: 'pause' } },
          { ...aNode('n2'), Spec: { Availability: 'drain' } },
        ],
      },
      'no suitable node (2 nodes not available for new tasks)',
    ],
    ['exactly enough CPUs', { nodes: [aNode('n1')], specs: [specWith(reserving(4e9))] }, 'n1'],
    [
      'one CPU too few',
      { nodes: [aNode('n1')], specs: [specWith(reserving(5e9))] },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'memory that a running task holds',
      { nodes: [aNode('n1')], specs: [specWith(reserving(0, 5 * 1024 ** 3))], tasks: [running('a', 'n1')] },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'memory of a task that was told to stop and has not',
      {
        nodes: [aNode('n1')],
        specs: [specWith(reserving(0, 5 * 1024 ** 3))],
        tasks: [running('a', 'n1', { DesiredState: 'shutdown' })],
      },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'memory of a task that has ended',
      {
        nodes: [aNode('n1')],
        specs: [specWith(reserving(0, 5 * 1024 ** 3))],
        tasks: [running('a', 'n1', { Status: status('failed') })],
      },
      'n1',
    ],
    [
      'an amount',
      { nodes: [offering('n1', [discrete('ssd', 2)])], specs: [generic([discrete('ssd', 2)])] },
      'n1',
    ],
    [
      'too small an amount',
      { nodes: [offering('n1', [discrete('ssd', 2)])], specs: [generic([discrete('ssd', 3)])] },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'a kind that nobody offers',
      { nodes: [aNode('n1')], specs: [generic([discrete('gpu', 1)])] },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'names that are all held',
      {
        nodes: [offering('n1', [named('gpu', 'g1')])],
        specs: [generic([discrete('gpu', 1)])],
        tasks: [running('a', 'n1', { AssignedGenericResources: [named('gpu', 'g1')] })],
      },
      'no suitable node (insufficient resources on 1 node)',
    ],
    [
      'a volume plugin',
      { nodes: [withPlugins('n1', 'Volume/nfs:latest')], specs: [specWith(volumeOf('nfs'))] },
      'n1',
    ],
    ['the local volume driver', { nodes: [aNode('n1')], specs: [specWith(volumeOf('local'))] }, 'n1'],
    [
      'a volume plugin that is missing',
      { nodes: [withPlugins('n1', 'Volume/local')], specs: [specWith(volumeOf('nfs'))] },
      'no suitable node (missing plugin on 1 node)',
    ],
    [
      'a log driver that is missing',
      { nodes: [withPlugins('n1', 'Log/json-file')], specs: [specWith({ LogDriver: { Name: 'loki' } })] },
      'no suitable node (missing plugin on 1 node)',
    ],
    [
      'an engine that lists no log drivers',
      { nodes: [withPlugins('n1')], specs: [specWith({ LogDriver: { Name: 'loki' } })] },
      'n1',
    ],
    [
      'a constraint',
      {
        nodes: [labelled('n1', { zone: 'a' })],
        specs: [specWith({ Placement: { Constraints: ['node.labels.zone==b'] } })],
      },
      'no suitable node (scheduling constraints not satisfied on 1 node)',
    ],
    [
      'a stored text that is no constraint',
      { nodes: [aNode('n1')], specs: [specWith({ Placement: { Constraints: ['nonsense'] } })] },
      'no suitable node (scheduling constraints not satisfied on 1 node)',
    ],
    [
      'another platform',
      {
        nodes: [aNode('n1')],
        specs: [specWith({ Placement: { Platforms: [{ OS: 'linux', Architecture: 'arm64' }] } })],
      },
      'no suitable node (unsupported platform on 1 node)',
    ],
    [
      'a host port in use',
      { nodes: [aNode('n1')], specs: [specWith({}, publishing(80))], tasks: [running('a', 'n1')] },
      'no suitable node (host-mode port already in use on 1 node)',
    ],
    [
      'the same host port of another protocol',
      {
        nodes: [aNode('n1')],
        specs: [
          specWith({}, publishing(80)),
          { ...specWith({}, publishing(80, 'udp')), ID: 'dns/1', ServiceID: 'dns' },
        ],
        tasks: [running('a', 'n1', { ServiceID: 'dns' })],
      },
      'n1',
    ],
    [
      'the limit of replicas',
      {
        nodes: [aNode('n1')],
        specs: [specWith({ Placement: { MaxReplicas: 1 } })],
        tasks: [running('a', 'n1')],
      },
      'no suitable node (max replicas per node limit exceed)',
    ],
  ]
  test.each(cases)('%s', (_name, given, expected) => {
    expect(outcomes(decide(given, [pending('new')]))).toEqual([expected])
  })

  test('the reasons add up, the most frequent first, each node for its first reason', () => {
    const nodes = [
      labelled('n1', { zone: 'b' }),
      labelled('n2', { zone: 'a' }),
      labelled('n3', { zone: 'a' }),
      { ...aNode('n4'), Spec: { Availability: 'drain' } },
    ]
    const spec = specWith({ ...reserving(4e9), Placement: { Constraints: ['node.labels.zone==a'] } })
    const decisions = decide({ nodes, specs: [spec], tasks: [running('a', 'n2'), running('b', 'n3')] }, [
      pending('new'),
    ])
    expect(outcomes(decisions)).toEqual([
      'no suitable node (insufficient resources on 2 nodes; 1 node not available for new tasks; ' +
        'scheduling constraints not satisfied on 1 node)',
    ])
  })

  test('a task that says its reason already is left alone', () => {
    const told = pending('new', { Status: { ...status('pending'), Err: 'no suitable node' } })
    expect(outcomes(decide({ nodes: [] }, [told]))).toEqual(['left alone'])
  })

  test('named resources are claimed by name, each once', () => {
    const spec = specWith({ Resources: { Reservations: { GenericResources: [discrete('gpu', 1)] } } })
    const given = { nodes: [offering('n1', [named('gpu', 'g1'), named('gpu', 'g2')])], specs: [spec] }
    const decisions = decide(given, [pending('a'), pending('b'), pending('c')])
    expect(decisions.map((decision) => decision.type === 'assign' && decision.generic)).toEqual([
      [named('gpu', 'g1')],
      [named('gpu', 'g2')],
      false,
    ])
  })
})

describe('a task that replaces another', () => {
  const old = running('old', 'n1')
  const stopFirst = pending('new', { DesiredState: 'ready', Shoal: { SpecVersion: 1, Replaces: 'old' } })
  const startFirst = pending('new', { Shoal: { SpecVersion: 1, Replaces: 'old' } })
  const full = 'no suitable node (insufficient resources on 1 node)'
  const gpu = specWith({ Resources: { Reservations: { GenericResources: [discrete('gpu', 1)] } } })
  const gpuGiven: Given = {
    nodes: [offering('n1', [named('gpu', 'g1')])],
    specs: [gpu],
    tasks: [{ ...old, AssignedGenericResources: [named('gpu', 'g1')] }],
  }
  const cpu: Given = { nodes: [aNode('n1')], specs: [specWith(reserving(3e9))], tasks: [old] }
  const port: Given = { nodes: [aNode('n1')], specs: [specWith({}, publishing(80))], tasks: [old] }
  const max: Given = {
    nodes: [aNode('n1')],
    specs: [specWith({ Placement: { MaxReplicas: 1 } })],
    tasks: [old],
  }
  test.each<[string, Given, TaskRecord, string]>([
    ['stop-first counts on the CPUs of the old one', cpu, stopFirst, 'n1'],
    ['start-first does not', cpu, startFirst, full],
    ['stop-first counts on its host port', port, stopFirst, 'n1'],
    ['start-first does not', port, startFirst, 'no suitable node (host-mode port already in use on 1 node)'],
    ['stop-first counts on its names', gpuGiven, stopFirst, 'n1'],
    ['start-first does not', gpuGiven, startFirst, full],
    ['stop-first has its share of the limit per node', max, stopFirst, 'n1'],
    ['start-first has it, too, or nothing could ever be updated', max, startFirst, 'n1'],
    [
      'the share of another task is not lent',
      { ...max, tasks: [old, running('other', 'n1')] },
      startFirst,
      'no suitable node (max replicas per node limit exceed)',
    ],
    [
      'of two replicas that the limit allows, one may be replaced',
      { ...max, specs: [specWith({ Placement: { MaxReplicas: 2 } })], tasks: [old, running('other', 'n1')] },
      startFirst,
      'n1',
    ],
    [
      'the new one goes where spreading wants it',
      { nodes: [aNode('n1'), aNode('n2')], tasks: [old, running('other', 'n1')] },
      stopFirst,
      'n2',
    ],
    [
      'and stays where that is as good',
      { nodes: [aNode('n1'), aNode('n2')], tasks: [old, running('other', 'n2')] },
      startFirst,
      'n1',
    ],
    [
      'an old one that has ended lends nothing, for it holds nothing',
      {
        ...cpu,
        tasks: [{ ...old, Status: status('shutdown') }, running('other', 'n1', { ServiceID: 'web' })],
      },
      stopFirst,
      full,
    ],
    [
      'a drained node does not keep it',
      { ...cpu, nodes: [{ ...aNode('n1'), Spec: { Availability: 'drain' } }, aNode('n2')] },
      stopFirst,
      'n2',
    ],
  ])('%s', (_name, given, task, expected) => {
    expect(outcomes(decide(given, [task]))).toEqual([expected])
  })

  test('what is lent once is not free for a stranger', () => {
    expect(outcomes(decide(cpu, [stopFirst, pending('stranger', { Slot: 2 })]))).toEqual(['n1', full])
  })

  test('a task of a global service counts on the old one of its node', () => {
    expect(outcomes(decide(cpu, [{ ...stopFirst, NodeID: 'n1' }]))).toEqual(['n1'])
    expect(outcomes(decide(cpu, [{ ...startFirst, NodeID: 'n1' }]))).toEqual([full])
  })

  test('a whole batch is spread as if the old ones were gone', () => {
    const tasks = [running('o1', 'n1'), running('o2', 'n1'), running('o3', 'n2')]
    const batch = tasks.map((task, index) =>
      pending(`new${index}`, { Shoal: { SpecVersion: 1, Replaces: task.ID } }),
    )
    const nodes = [aNode('n1'), aNode('n2'), aNode('n3')]
    expect(outcomes(decide({ nodes, tasks }, batch)).sort()).toEqual(['n1', 'n2', 'n3'])
  })
})

describe('which of the nodes that fit', () => {
  const nodes = [aNode('n1'), aNode('n2'), aNode('n3')]
  const failedOn = (NodeID: string, times: number, minutesAgo: number): TaskRecord[] =>
    Array.from({ length: times }, (_, index) =>
      running(`failed-${NodeID}-${index}`, NodeID, {
        DesiredState: 'shutdown',
        Status: { ...status('failed'), Timestamp: new Date(NOW - minutesAgo * 60_000).toISOString() },
      }),
    )

  test('the fewest tasks of the service, before the fewest tasks', () => {
    const other = (id: string, node: string) => running(id, node, { ServiceID: 'db' })
    const tasks = [running('a', 'n1'), other('b', 'n2'), other('c', 'n2'), other('d', 'n3')]
    expect(outcomes(decide({ nodes, tasks }, [pending('x'), pending('y'), pending('z')]))).toEqual([
      'n3',
      'n2',
      'n1',
    ])
  })

  test('tasks that were told to stop do not count', () => {
    const tasks = [running('a', 'n1', { DesiredState: 'shutdown' }), running('b', 'n2'), running('c', 'n3')]
    expect(outcomes(decide({ nodes, tasks }, [pending('x')]))).toEqual(['n1'])
  })

  test.each([
    ['five failures within five minutes put a node last', 5, 4, ['n2', 'n3', 'n2', 'n3']],
    ['four do not', 4, 4, ['n1', 'n2', 'n3', 'n1']],
    ['nor do old ones', 5, 6, ['n1', 'n2', 'n3', 'n1']],
  ])('%s', (_name, times, minutesAgo, expected) => {
    const waiting = ['w', 'x', 'y', 'z'].map((id) => pending(id))
    expect(outcomes(decide({ nodes, tasks: failedOn('n1', times, minutesAgo) }, waiting))).toEqual(expected)
  })

  test('a node with failures is still better than none', () => {
    const tasks = failedOn('n1', 9, 1)
    expect(outcomes(decide({ nodes: [aNode('n1')], tasks }, [pending('x')]))).toEqual(['n1'])
  })

  test('binpack fills one node before it begins the next', () => {
    const given = { nodes, specs: [specWith(reserving(2e9))], strategy: binpack }
    const waiting = ['a', 'b', 'c', 'd', 'e'].map((id) => pending(id))
    expect(outcomes(decide(given, waiting))).toEqual(['n1', 'n1', 'n2', 'n2', 'n3'])
  })

  test('random leaves no node out and prefers none', () => {
    const waiting = Array.from({ length: 3000 }, (_, index) => pending(`t${index}`))
    const counts = new Map<string, number>()
    for (const node of outcomes(decide({ nodes, strategy: random }, waiting))) {
      counts.set(node, (counts.get(node) ?? 0) + 1)
    }
    expect(counts.size).toBe(3)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120)
  })
})

describe('preferences spread over labels', () => {
  const prefer = (...labels: string[]): SpecRecord =>
    specWith({
      Placement: { Preferences: labels.map((SpreadDescriptor) => ({ Spread: { SpreadDescriptor } })) },
    })
  const zones = [
    labelled('a1', { zone: 'a', rack: '1' }),
    labelled('a2', { zone: 'a', rack: '2' }),
    labelled('a3', { zone: 'a', rack: '2' }),
    labelled('b1', { zone: 'b', rack: '1' }),
  ]
  const place = (count: number, given: Given): Record<string, number> => {
    const waiting = Array.from({ length: count }, (_, index) => pending(`t${index}`))
    const counts: Record<string, number> = {}
    for (const node of outcomes(decide(given, waiting))) counts[node] = (counts[node] ?? 0) + 1
    return counts
  }

  test('each zone gets the same, however many nodes it has', () => {
    const counts = place(12, { nodes: zones, specs: [prefer('node.labels.zone')] })
    expect(counts).toEqual({ a1: 2, a2: 2, a3: 2, b1: 6 })
  })

  test('inside a zone each rack gets the same', () => {
    const counts = place(16, { nodes: zones, specs: [prefer('node.labels.zone', 'node.labels.rack')] })
    expect(counts).toEqual({ a1: 4, a2: 2, a3: 2, b1: 8 })
  })

  test('nodes without the label are a zone of their own', () => {
    const counts = place(6, { nodes: [...zones, aNode('c1')], specs: [prefer('node.labels.zone')] })
    expect(counts).toMatchObject({ b1: 2, c1: 2 })
  })

  test('what a zone has already counts, on nodes that take no more as well', () => {
    const paused: NodeRecord = { ...aNode('b2'), Spec: { Labels: { zone: 'b' }, Availability: 'pause' } }
    const tasks = ['x', 'y', 'z'].map((id) => running(id, 'b2'))
    const counts = place(3, { nodes: [...zones, paused], specs: [prefer('node.labels.zone')], tasks })
    expect(counts).toEqual({ a1: 1, a2: 1, a3: 1 })
  })

  test('a full zone gives way', () => {
    const spec = { ...prefer('node.labels.zone') }
    const limited = {
      ...spec,
      TaskTemplate: { Placement: { ...spec.TaskTemplate.Placement, MaxReplicas: 2 } },
    }
    expect(place(7, { nodes: zones, specs: [limited] })).toMatchObject({ b1: 2 })
  })
})
