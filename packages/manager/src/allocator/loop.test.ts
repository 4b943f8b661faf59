import { seededRandom, silentLogger, toTimestamp } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import type { TaskSpec } from '@shoal/engine-api'
import { beforeEach, describe, expect, test } from 'vitest'
import { newClusterRecord } from '../ca/index.js'
import { DEFAULT_LOOP, KeyedLoop } from '../loops/keyed-loop.js'
import { gatewayId, type LiveState, put, remove, type TaskRecord } from '../state/index.js'
import { aNetwork, aNode, aService, aSpec, aTask, createTestState } from '../state/testing/index.js'
import { IDLE_GATEWAY_MS } from './decide.js'
import { anAllocator } from './testing/index.js'

let clock: VirtualClock
let state: LiveState

/** A cluster with the ingress network and a tiny network of three addresses, and the allocator at work. */
beforeEach(async () => {
  clock = new VirtualClock()
  state = await createTestState(clock)
  await state.commit([
    put('network', aNetwork('ingress', '10.255.0.0/16', { Ingress: true })),
    put('network', aNetwork('tiny', '10.0.1.0/29', { Name: 'tiny-net' })),
    put('service', aService('web')),
    put('node', aNode('n1')),
  ])
  const { allocator } = anAllocator(state, clock)
  new KeyedLoop(state, allocator, { ...DEFAULT_LOOP, clock, log: silentLogger }).start(
    new AbortController().signal,
  )
  await clock.advanceAsync(10)
})

async function specWith(TaskTemplate: TaskSpec, ports: number[] = []): Promise<void> {
  const Ports = ports.map((PublishedPort) => ({ PublishedPort, TargetPort: 80, PublishMode: 'ingress' }))
  await state.commit([put('spec', { ...aSpec('web', 1), TaskTemplate, EndpointSpec: { Ports } })])
}

async function create(...ids: string[]): Promise<void> {
  await state.commit(ids.map((id, slot) => put('task', aTask(id, { Slot: slot + 1 }))))
  await clock.advanceAsync(10)
}

function task(id: string): TaskRecord {
  const found = state.get('task', id)
  if (!found) throw new Error(`no task ${id}`)
  return found
}

async function become(id: string, State: TaskRecord['Status']['State'], changes: Partial<TaskRecord> = {}) {
  const Status = { State, Message: '', Timestamp: toTimestamp(clock.now()) }
  await state.commit([put('task', { ...task(id), ...changes, Status })])
  await clock.advanceAsync(10)
}

const ON_TINY = { Networks: [{ Target: 'tiny' }] }

describe('a new task', () => {
  test('gets an address on each of its networks, the ingress network first, and is pending', async () => {
    await specWith(ON_TINY, [8080])
    await create('t1')
    expect(task('t1')).toMatchObject({
      Status: { State: 'pending', Message: 'pending task scheduling' },
      NetworksAttachments: [
        { Network: { ID: 'ingress', Spec: { Name: 'ingress' } }, Addresses: ['10.255.0.3/16'] },
        { Network: { ID: 'tiny', Spec: { Name: 'tiny-net' } }, Addresses: ['10.0.1.2/29'] },
      ],
    })
  })

  test('waits for its spec', async () => {
    await create('t1')
    expect(task('t1').Status.State).toBe('new')
    await specWith(ON_TINY)
    await clock.advanceAsync(10)
    expect(task('t1').Status.State).toBe('pending')
  })

  test('that nobody wants any more is left alone', async () => {
    await specWith(ON_TINY)
    await state.commit([put('task', aTask('t1', { DesiredState: 'remove' }))])
    await clock.advanceAsync(10)
    expect(task('t1').NetworksAttachments).toBeUndefined()
  })

  test('on a network that is gone is told so', async () => {
    await specWith({ Networks: [{ Target: 'tiny' }, { Target: 'gone' }] })
    await create('t1')
    expect(task('t1')).toMatchObject({ Status: { State: 'new', Err: 'network gone not found' } })
  })
})

describe('given a network of five addresses, all taken', () => {
  beforeEach(async () => {
    await specWith(ON_TINY)
    await create('t1', 't2', 't3', 't4', 't5')
    await create('t6')
  })

  test('the next task is told so', () => {
    expect(task('t6').Status).toMatchObject({
      State: 'new',
      Err: 'could not find an available IP on the network tiny-net (10.0.1.0/29): every address is in use, or was until a moment ago',
    })
  })

  test('it gets an address that came free, when that has rested, and the refusal is gone', async () => {
    await become('t3', 'failed')
    await clock.advanceAsync(59_000)
    expect(task('t6').Status.State).toBe('new')
    await clock.advanceAsync(1_100)
    expect(task('t6')).toMatchObject({ NetworksAttachments: [{ Addresses: ['10.0.1.4/29'] }] })
    expect(task('t6').Status.Err).toBeUndefined()
  })

  test('a task that is told to stop keeps its address until it has stopped', async () => {
    await become('t3', 'running', { DesiredState: 'shutdown' })
    await clock.advanceAsync(200_000)
    expect(task('t6').Status.State).toBe('new')
    await become('t3', 'shutdown', { DesiredState: 'shutdown' })
    await clock.advanceAsync(60_100)
    expect(task('t6').Status.State).toBe('pending')
  })

  test('it is refused once: nothing is written again and again', async () => {
    const { Index } = task('t6').Version
    await clock.advanceAsync(100_000)
    expect(task('t6').Version.Index).toBe(Index)
  })
})

describe('a node', () => {
  const gateway = (network: string, node: string) => state.get('gateway', gatewayId(network, node))

  test('has a part in the ingress network as soon as it joins, and loses it with its record', async () => {
    expect(gateway('ingress', 'n1')?.Address).toBe('10.255.0.2')
    const node = state.get('node', 'n1')
    if (node) await state.commit([remove('node', node)])
    await clock.advanceAsync(10)
    expect(gateway('ingress', 'n1')).toBeUndefined()
  })

  test('has a part in another network while it has tasks of it, and for a while longer', async () => {
    await specWith(ON_TINY)
    await create('t1')
    expect(gateway('tiny', 'n1')).toBeUndefined()
    await become('t1', 'assigned', { NodeID: 'n1' })
    expect(gateway('tiny', 'n1')?.Address).toBe('10.0.1.3')
    await become('t1', 'failed', { NodeID: 'n1' })
    await clock.advanceAsync(IDLE_GATEWAY_MS - 1_000)
    expect(gateway('tiny', 'n1')).toBeDefined()
    await clock.advanceAsync(2_000)
    expect(gateway('tiny', 'n1')).toBeUndefined()
  })

  test('keeps it when another task comes in time', async () => {
    await specWith(ON_TINY)
    await create('t1', 't2')
    await become('t1', 'assigned', { NodeID: 'n1' })
    await become('t1', 'failed', { NodeID: 'n1' })
    await clock.advanceAsync(IDLE_GATEWAY_MS - 1_000)
    await become('t2', 'assigned', { NodeID: 'n1' })
    await clock.advanceAsync(10 * IDLE_GATEWAY_MS)
    expect(gateway('tiny', 'n1')).toBeDefined()
  })

  test('has a part, and a block for plain containers, in every attachable network', async () => {
    await state.commit([put('network', aNetwork('open', '10.0.2.0/24', { Attachable: true }))])
    await clock.advanceAsync(10)
    expect(gateway('open', 'n1')).toMatchObject({ Address: '10.0.2.2', IPRange: '10.0.2.240/29' })
    const network = state.get('network', 'open')
    if (network) await state.commit([remove('network', network)])
    await clock.advanceAsync(10)
    expect(gateway('open', 'n1')).toBeUndefined()
  })
})

describe('the ingress network', () => {
  const cluster = (pools: string[]) =>
    newClusterRecord({ id: 'c', nowMs: 0, random: seededRandom(1), defaultAddrPool: pools })

  async function withCluster(pools: string[], address = '192.168.0.1') {
    clock = new VirtualClock()
    state = await createTestState(clock)
    await state.commit([put('node', aNode('n1', { Status: { State: 'ready', Addr: address } }))])
    const own = anAllocator(state, clock)
    const settle = () => own.settle()
    await state.commit([put('cluster', cluster(pools))])
    await settle()
    return { ingress: state.networkNamed('ingress'), settle }
  }

  test.each([
    [['10.0.0.0/8'], '192.168.0.1', '10.255.0.0/16'],
    [['172.30.0.0/16'], '192.168.0.1', '172.30.0.0/24'],
    [['10.0.0.0/8'], '10.255.3.4', '10.0.0.0/24'],
  ])('of a cluster with the pools %j and a node at %s is %s', async (pools, address, Subnet) => {
    const { ingress } = await withCluster(pools, address)
    expect(ingress).toMatchObject({
      Spec: { Ingress: true, IPAM: { Config: [{ Subnet }] } },
      Shoal: { Vni: 4096 },
    })
  })

  test('does not come back by itself when a user has removed it', async () => {
    const { ingress, settle } = await withCluster(['10.0.0.0/8'])
    if (ingress) await state.commit([remove('network', ingress)])
    await settle()
    expect(state.networkNamed('ingress')).toBeUndefined()
  })
})
