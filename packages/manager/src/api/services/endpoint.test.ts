import { seededRandom, type ShoalError } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { storedServiceSpec, validateServiceSpec, type PortConfig, type ServiceSpec } from '@shoal/engine-api'
import { beforeEach, describe, expect, test } from 'vitest'
import { AddressBook, reserving } from '../../allocator/index.js'
import { type LiveState, put, remove, type ServiceRecord } from '../../state/index.js'
import { transact } from '../../state/state.js'
import { aNetwork, createTestState } from '../../state/testing/index.js'
import { planCreate } from './create.js'
import { planUpdate } from './update.js'

let state: LiveState
let book: AddressBook

beforeEach(async () => {
  const clock = new VirtualClock()
  state = await createTestState(clock)
  book = new AddressBook({ state, clock }).follow(new AbortController().signal)
  await state.commit([
    put('network', aNetwork('ingress', '10.255.0.0/16', { Ingress: true })),
    put('network', aNetwork('frontid', '10.0.1.0/24', { Name: 'front' })),
    put('network', aNetwork('tinyid', '10.0.2.0/30', { Name: 'tiny' })),
    put('network', aNetwork('smallid', '10.0.3.0/30', { Name: 'small' })),
  ])
})

const accepted = (name: string, more: Partial<ServiceSpec>): ServiceSpec => {
  const TaskTemplate = { ContainerSpec: { Image: 'busybox:1' }, ...more.TaskTemplate }
  const spec = { Name: name, ...more, TaskTemplate }
  validateServiceSpec(spec)
  return storedServiceSpec(spec)
}

async function create(name: string, more: Partial<ServiceSpec> = {}): Promise<ServiceRecord> {
  const spec = accepted(name, more)
  const random = seededRandom(name.length + (name.codePointAt(0) ?? 0))
  await reserving(book, (reserved) =>
    transact(state, () =>
      planCreate(state, { spec, registryAuth: undefined, random, nowMs: 0, book, reserved }),
    ),
  )
  return named(name)
}

async function update(name: string, more: Partial<ServiceSpec>, rollback = false): Promise<ServiceRecord> {
  const order = {
    reference: name,
    version: named(name).Version.Index,
    spec: accepted(name, more),
    rollback,
    registryAuth: undefined,
    registryAuthFrom: 'spec',
    nowMs: 0,
  } as const
  await reserving(book, (reserved) => transact(state, () => planUpdate(state, { ...order, book, reserved })))
  return named(name)
}

function named(name: string): ServiceRecord {
  const service = state.serviceNamed(name)
  if (!service) throw new Error(`no service ${name}`)
  return service
}

async function removeService(name: string): Promise<void> {
  await state.commit([remove('service', named(name))])
}

/** What the work is refused with, after `code: `. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: ShoalError) => reason,
  )
  return `${error?.code}: ${error?.message}`
}

const on = (...targets: string[]): Partial<ServiceSpec> => ({
  TaskTemplate: { Networks: targets.map((Target) => ({ Target })) },
})
const publishing = (...Ports: PortConfig[]): Partial<ServiceSpec> => ({ EndpointSpec: { Ports } })
const ingress = (PublishedPort: number, Protocol = 'tcp'): PortConfig => ({
  PublishedPort,
  TargetPort: 80,
  Protocol,
})
const host = (PublishedPort: number): PortConfig => ({ ...ingress(PublishedPort), PublishMode: 'host' })

describe('VIPs', () => {
  test('a service without networks and published ports has none', async () => {
    expect((await create('web')).Endpoint).toEqual({ Spec: { Mode: 'vip' } })
  })

  test('one on every network, and on the ingress network when it publishes through it', async () => {
    const { Endpoint, Spec } = await create('web', { ...on('front'), ...publishing(ingress(8080)) })
    expect(Spec.TaskTemplate?.Networks).toEqual([{ Target: 'frontid' }])
    expect(Endpoint).toMatchObject({
      Ports: [{ PublishedPort: 8080, PublishMode: 'ingress' }],
      VirtualIPs: [
        { NetworkID: 'ingress', Addr: '10.255.0.2/16' },
        { NetworkID: 'frontid', Addr: '10.0.1.2/24' },
      ],
    })
  })

  test('none in host mode, none with dnsrr', async () => {
    expect((await create('a', publishing(host(8080)))).Endpoint).not.toHaveProperty('VirtualIPs')
    const dnsrr = await create('b', { ...on('front'), EndpointSpec: { Mode: 'dnsrr' } })
    expect(dnsrr.Endpoint).toEqual({ Spec: { Mode: 'dnsrr' } })
  })

  test('stay through updates, and a rollback finds what it left', async () => {
    const before = (await create('web', on('front'))).Endpoint
    expect((await update('web', { ...on('front'), Labels: { a: 'b' } })).Endpoint).toEqual(before)
    expect((await update('web', {})).Endpoint).not.toHaveProperty('VirtualIPs')
    await create('other', on('front'))
    expect((await update('web', {}, true)).Endpoint).toEqual(before)
    expect(named('other').Endpoint.VirtualIPs).toEqual([{ NetworkID: 'frontid', Addr: '10.0.1.3/24' }])
  })

  test('are refused when the network has no address left, and nothing stays set aside', async () => {
    await create('one', on('tiny'))
    const message =
      'failed-precondition: could not find an available IP while allocating VIP on the network tiny (10.0.2.0/30)'
    expect(await refusal(create('two', on('small', 'tiny')))).toBe(message)
    expect(state.serviceNamed('two')).toBeUndefined()
    expect((await create('three', on('small'))).Endpoint.VirtualIPs?.[0]?.Addr).toBe('10.0.3.2/30')
  })
})

describe('networks of a service', () => {
  test.each<[string, Partial<ServiceSpec>, string]>([
    ['that nobody has', on('nowhere'), 'not-found: network nowhere not found'],
    [
      'the ingress network',
      on('ingress'),
      'invalid-argument: rpc error: code = InvalidArgument desc = Service cannot be explicitly attached to the ingress network "ingress"',
    ],
    [
      'one twice',
      on('front', 'frontid'),
      'invalid-argument: rpc error: code = InvalidArgument desc = service is attached to the network frontid more than once',
    ],
    [
      'the host’s and another',
      on('host', 'front'),
      'unimplemented: not implemented: the network host together with other networks',
    ],
    [
      'the host’s, with ports in ingress mode',
      { ...on('host'), ...publishing(ingress(80)) },
      'unimplemented: not implemented: ports published in ingress mode on the network host',
    ],
  ])('%s', async (_what, more, message) => {
    expect(await refusal(create('web', more))).toBe(message)
  })

  test('by name, ID or the beginning of an ID', async () => {
    for (const [index, target] of ['front', 'frontid', 'fronti'].entries()) {
      const { Spec } = await create(`s${'x'.repeat(index)}`, on(target))
      expect(Spec.TaskTemplate?.Networks?.[0]?.Target).toBe('frontid')
    }
  })
})

describe('published ports', () => {
  const inUse = (port: number, by: string, how: string): string =>
    `invalid-argument: rpc error: code = InvalidArgument desc = port '${port}' is already in use by service 'first' (${by}) as ${how}`

  test.each<[string, PortConfig, PortConfig, string]>([
    ['ingress and ingress', ingress(80), ingress(80), 'an ingress port'],
    ['ingress and host', ingress(80), host(80), 'an ingress port'],
    ['host and ingress', host(80), ingress(80), 'a host-published port'],
  ])('%s of one number are refused', async (_what, first, second, how) => {
    const { ID } = await create('first', publishing(first))
    expect(await refusal(create('second', publishing(second)))).toBe(inUse(80, ID, how))
  })

  test.each<[string, PortConfig, PortConfig]>([
    ['host and host', host(80), host(80)],
    ['TCP and UDP', ingress(80), ingress(80, 'udp')],
    ['two numbers', ingress(80), ingress(81)],
  ])('%s go together', async (_what, first, second) => {
    await create('first', publishing(first))
    expect((await create('second', publishing(second))).Endpoint.Ports).toHaveLength(1)
  })

  test('are refused in an update, and free when their service is removed', async () => {
    const { ID } = await create('first', publishing(ingress(80)))
    await create('second')
    expect(await refusal(update('second', publishing(ingress(80))))).toBe(inUse(80, ID, 'an ingress port'))
    await removeService('first')
    expect((await update('second', publishing(ingress(80)))).Endpoint.Ports).toHaveLength(1)
  })

  test('that an update gave up stay the service’s while it may roll back by itself', async () => {
    const { ID } = await create('first', publishing(ingress(80)))
    const updating = await update('first', publishing(ingress(81)))
    const UpdateStatus = { State: 'updating', Message: '' } as const
    await state.commit([put('service', { ...updating, UpdateStatus })])
    expect(await refusal(create('second', publishing(ingress(80))))).toBe(inUse(80, ID, 'an ingress port'))
    await state.commit([
      put('service', { ...named('first'), UpdateStatus: { ...UpdateStatus, State: 'completed' } }),
    ])
    expect((await create('second', publishing(ingress(80)))).Endpoint.Ports).toHaveLength(1)
  })

  test('without a number get one that nobody has, and keep it', async () => {
    await create('first', publishing(ingress(30_001)))
    const { Endpoint, Spec } = await create('web', publishing(ingress(0), ingress(0), ingress(0, 'udp')))
    const numbers = (record: ServiceRecord) =>
      record.Endpoint.Ports?.map(({ PublishedPort }) => PublishedPort)
    expect(Endpoint.Ports?.map(({ PublishedPort }) => PublishedPort)).toEqual([30_002, 30_003, 30_004])
    expect(Spec.EndpointSpec?.Ports?.map(({ PublishedPort }) => PublishedPort)).toEqual([0, 0, 0])
    expect(
      numbers(await update('web', publishing(ingress(0), ingress(0), ingress(0, 'udp'), ingress(443)))),
    ).toEqual([30_002, 30_003, 30_004, 443])
    await removeService('web')
    expect(numbers(await create('next', publishing(ingress(0))))).toEqual([30_005])
  })

  test('need the ingress network', async () => {
    const network = state.get('network', 'ingress')
    if (network) await state.commit([remove('network', network)])
    expect(await refusal(create('web', publishing(ingress(80))))).toBe(
      'failed-precondition: rpc error: code = FailedPrecondition desc = service needs ingress network, but no ingress network is present',
    )
    expect((await create('web', publishing(host(80)))).Endpoint.Ports).toHaveLength(1)
  })
})
