import { silentLogger, ShoalError } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import type { AssignedTask } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import type { EngineNetwork, NetworkEngine } from '../executor/port.js'
import type { Run } from './apply/index.js'
import { DEFAULT_DRAIN } from './drain.js'
import { DEFAULT_HOST_NETWORK, HostNetwork } from './host-network.js'
import { aNetwork } from './testing/documents.js'

const front = aNetwork()
const TASK: AssignedTask = {
  ID: 't1',
  ServiceID: 's1',
  ServiceName: 'web',
  ServiceLabels: {},
  NodeID: 'node1',
  DesiredState: 'running',
  Spec: {},
  Ports: [],
  Attachments: [{ NetworkID: front.ID, Address: '10.0.1.9', Aliases: [] }],
}

/** Refuses every network, since its subnet is in use. */
class FullEngine implements NetworkEngine {
  readonly listed: EngineNetwork[]
  asked = 0

  constructor(...listed: EngineNetwork[]) {
    this.listed = listed
  }

  ensureNetwork(): Promise<void> {
    this.asked++
    return Promise.reject(new ShoalError('failed-precondition', 'Pool overlaps with other one'))
  }

  removeNetwork(): Promise<void> {
    return Promise.reject(new ShoalError('failed-precondition', 'network has active endpoints'))
  }

  listNetworks(): Promise<EngineNetwork[]> {
    return Promise.resolve(this.listed)
  }
}

/** What the programs say on a host without anything of ours: `ip` answers three questions at once. */
function sayNothing(program: string, args: readonly string[]): string {
  if (program === 'nft') return args[0] === '-j' ? '{"nftables":[]}' : ''
  if (program === 'ip' && args.includes('-batch')) return '[]\n[]\n[]\n'
  return program === 'ip' || program === 'bridge' ? '[]\n' : ''
}

const bareKernel: Run = (program, args) =>
  Promise.resolve({ code: 0, stdout: sayNothing(program, args), stderr: '' })

const EARLIER: EngineNetwork = {
  name: 'shoal-earlier',
  networkId: 'earlieraaaaaaaaaaaaaaaaa',
  bridge: 'sb-earlier',
  subnet: front.Subnet,
  gateway: front.NodeGateway,
  mtu: 1450,
  internal: false,
}

async function aHost(engine: NetworkEngine, run: Run = bareKernel) {
  const clock = new VirtualClock()
  const network = new HostNetwork({
    watch: () => Promise.resolve(),
    ...DEFAULT_HOST_NETWORK,
    engine,
    tasks: () => [TASK],
    run,
    clock,
    log: silentLogger,
    drain: DEFAULT_DRAIN,
  })
  const told = network.replaceAll([{ kind: 'network', id: front.ID, body: front }])
  told.catch(() => undefined)
  await clock.advanceAsync(0)
  return { network, clock }
}

/** How the wait for the task's networks has ended, if it has. */
function joining(network: HostNetwork, signal: AbortSignal): { outcome: string } {
  const wait = { outcome: 'waits' }
  network.join(TASK, signal).then(
    () => (wait.outcome = 'joined'),
    (error: Error) => (wait.outcome = error.message),
  )
  return wait
}

describe('a task whose network the engine refuses', () => {
  test('is told why, when there is no point in waiting', async () => {
    const { network, clock } = await aHost(new FullEngine())
    const wait = joining(network, new AbortController().signal)
    await clock.advanceAsync(100)
    expect(wait.outcome).toBe("the task's network cannot be set up: Pool overlaps with other one")
    await network.stop()
  })

  test('waits for an earlier network with the same subnet to go, and asks for it now and then', async () => {
    const engine = new FullEngine(EARLIER)
    const { network, clock } = await aHost(engine)
    const given = new AbortController()
    const wait = joining(network, given.signal)
    await clock.advanceAsync(10_000)
    expect(wait.outcome).toBe('waits')
    expect(engine.asked).toBeGreaterThan(20)
    expect(engine.asked).toBeLessThan(100)
    // What had the subnet turns out to be none of ours.
    engine.listed.length = 0
    await clock.advanceAsync(1_000)
    expect(wait.outcome).toBe("the task's network cannot be set up: Pool overlaps with other one")
    await network.stop()
  })

  test('that is not wanted any more waits no longer', async () => {
    const { network, clock } = await aHost(new FullEngine(EARLIER))
    const given = new AbortController()
    const wait = joining(network, given.signal)
    await clock.advanceAsync(1_000)
    given.abort(new Error('not wanted'))
    await clock.advanceAsync(0)
    expect(wait.outcome).toBe('not wanted')
    await network.stop()
  })
})

describe('a task on a host that cannot have networks', () => {
  test('is told at once which program is missing', async () => {
    const run: Run = (program) =>
      Promise.reject(new ShoalError('failed-precondition', `the program ${program} is not installed`))
    const { network, clock } = await aHost(new FullEngine(), run)
    const wait = joining(network, new AbortController().signal)
    await clock.advanceAsync(0)
    expect(wait.outcome).toMatch(/cannot be set up: the program \w+ is not installed/)
    await network.stop()
  })

  test('is told after some tries what fails', async () => {
    const run: Run = (program, args) =>
      program === 'nft'
        ? Promise.resolve({ code: 1, stdout: '', stderr: 'no such thing' })
        : bareKernel(program, args)
    const { network, clock } = await aHost(new FullEngine(EARLIER), run)
    const wait = joining(network, new AbortController().signal)
    await clock.advanceAsync(250)
    expect(wait.outcome).toBe('waits')
    await clock.advanceAsync(5_000)
    expect(wait.outcome).toMatch(/cannot be set up: nft -f -: no such thing/)
    await network.stop()
  })
})
