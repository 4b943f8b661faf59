import { seededRandom, silentLogger } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { afterEach, describe, expect, test } from 'vitest'
import { RoleKeeper } from './keeper.js'

const setup = {
  clusterId: 'c',
  etcdEndpoints: ['https://e:2379'],
  etcdCa: '',
  etcdCertificate: '',
  etcdKey: '',
  sealKey: 'k',
}
const manager = { isManager: true, setup }
const worker = { isManager: false, setup: null }

const ending: (() => void)[] = []
afterEach(() => ending.splice(0).forEach((end) => end()))

/** A host that does what it is told, except as often as it fails first. */
function aHost({ hasManager = false, failures = 0 } = {}) {
  const clock = new VirtualClock(0)
  const host = { hasManager, certificate: 'worker' as 'worker' | 'manager', done: [] as string[], failures }
  const step = (name: string, work: () => void) => async () => {
    host.done.push(name)
    if (host.failures-- > 0) throw new Error('the port is in use')
    work()
  }
  const keeper = new RoleKeeper({
    look: () => host,
    steps: {
      'start-manager': step('start', () => (host.hasManager = true)),
      'end-manager': step('end', () => (host.hasManager = false)),
      'renew-certificate': step('renew', () => (host.certificate = 'worker')),
    },
    clock,
    random: seededRandom(1),
    log: silentLogger,
  })
  const stop = new AbortController()
  ending.push(() => stop.abort())
  void keeper.run(stop.signal)
  return { host, keeper, clock }
}

describe('a host takes the role of its node', () => {
  test('nothing is done before a manager has told the role', async () => {
    const { host, clock } = aHost({ hasManager: true })
    await clock.advanceAsync(600_000)
    expect(host.done).toEqual([])
  })

  test('promoted and demoted again, step by step, each once', async () => {
    const { host, keeper, clock } = aHost()
    keeper.want(manager)
    await clock.advanceAsync(0)
    expect(host.done).toEqual(['start'])
    keeper.want(manager)
    await clock.advanceAsync(60_000)
    expect(host.done).toEqual(['start'])

    host.certificate = 'manager'
    keeper.want(worker)
    await clock.advanceAsync(0)
    expect(host.done).toEqual(['start', 'end', 'renew'])
  })

  test('what fails is tried again, with growing pauses, until it is done', async () => {
    const { host, keeper, clock } = aHost({ failures: 3 })
    keeper.want(manager)
    await clock.advanceAsync(0)
    expect(host.done).toHaveLength(1)
    await clock.advanceAsync(60_000)
    expect(host.done).toEqual(['start', 'start', 'start', 'start'])
    expect(host.hasManager).toBe(true)
  })

  test('when the role changes while a step fails, then the new one counts at once', async () => {
    const { host, keeper, clock } = aHost({ failures: 1 })
    keeper.want(manager)
    await clock.advanceAsync(0)
    keeper.want(worker)
    await clock.advanceAsync(60_000)
    expect(host.done).toEqual(['start'])
  })

  test('a step that changes nothing is not repeated at once', async () => {
    const { host, keeper, clock } = aHost({ hasManager: true })
    Object.defineProperty(host, 'hasManager', { get: () => true, set: () => {} })
    keeper.want(worker)
    await clock.advanceAsync(0)
    expect(host.done).toEqual(['end'])
    await clock.advanceAsync(10_000)
    expect(host.done.length).toBeGreaterThan(1)
    expect(host.done.length).toBeLessThan(6)
  })
})
