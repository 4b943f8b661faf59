import { silentLogger, ShoalError } from '@shoal/common'
import { describe, expect, test } from 'vitest'
import type { EngineNetwork, NetworkEngine } from '../executor/port.js'
import { EngineNetworks } from './engine-networks.js'
import { planHost, planMemo, type BridgePlan } from './plan/index.js'
import { aNetwork, aView } from './testing/documents.js'

/** An engine that refuses, as Docker does, a subnet that another network has. */
class Engine implements NetworkEngine {
  readonly #networks = new Map<string, EngineNetwork>()
  isAway = false

  ensureNetwork(network: EngineNetwork): Promise<void> {
    if (this.isAway) return Promise.reject(new ShoalError('unavailable', 'the engine does not answer'))
    const other = [...this.#networks.values()].find(
      ({ name, subnet }) => name !== network.name && subnet === network.subnet,
    )
    if (other) return Promise.reject(new ShoalError('failed-precondition', 'Pool overlaps with other one'))
    this.#networks.set(network.name, network)
    return Promise.resolve()
  }

  removeNetwork(name: string): Promise<void> {
    this.#networks.delete(name)
    return Promise.resolve()
  }

  listNetworks(): Promise<EngineNetwork[]> {
    return Promise.resolve([...this.#networks.values()])
  }
}

const earlier = aNetwork({ ID: 'earlieraaaaaaaaaaaaaaaaa' })
const later = aNetwork({ ID: 'lateraaaaaaaaaaaaaaaaaaa' })

function bridgesOf(...networks: (typeof earlier)[]): BridgePlan[] {
  return [...planHost(aView(networks), planMemo()).kernel.bridges.values()]
}

function scene() {
  const engine = new Engine()
  const run = () => Promise.resolve({ code: 0, stdout: '', stderr: '' })
  const networks = new EngineNetworks({ engine, run, log: silentLogger })
  const ensure = async (...wanted: (typeof earlier)[]): Promise<boolean> =>
    networks.ensure(bridgesOf(...wanted), await engine.listNetworks())
  return { engine, networks, ensure }
}

describe('a network of the engine', () => {
  test('that has the subnet of an earlier one, which is about to go, waits until it has gone', async () => {
    const { engine, networks, ensure } = scene()
    await ensure(earlier)
    expect(await ensure(later)).toBe(false)
    expect(networks.refusals.get(later.ID)).toMatchObject({
      code: 'unavailable',
      message: 'network front: an earlier network with the subnet 10.0.1.0/24 is about to go',
    })
    await networks.removeOthers(new Set([later.ID]), await engine.listNetworks())
    expect(await ensure(later)).toBe(true)
    expect(networks.refusals.size).toBe(0)
    expect((await engine.listNetworks()).map(({ networkId }) => networkId)).toEqual([later.ID])
  })

  test('that has the subnet of one that stays is refused for good', async () => {
    const { networks, ensure } = scene()
    await ensure(earlier)
    await ensure(earlier, later)
    expect(networks.refusals.get(later.ID)?.code).toBe('failed-precondition')
    expect(networks.refusals.has(earlier.ID)).toBe(false)
  })

  test('that was refused does not keep the others from being made, and is not taken away', async () => {
    const { engine, networks, ensure } = scene()
    await engine.ensureNetwork({ ...(await first(earlier)), name: 'foreign', networkId: 'foreign' })
    const other = aNetwork({ ID: 'otheraaaaaaaaaaaaaaaaaaa', Subnet: '10.0.2.0/24' })
    expect(await ensure(earlier, other)).toBe(true)
    expect([...networks.refusals.keys()]).toEqual([earlier.ID])
  })

  test('is no refusal when the engine does not answer', async () => {
    const { engine, networks, ensure } = scene()
    engine.isAway = true
    await expect(ensure(earlier)).rejects.toThrow('the engine does not answer')
    expect(networks.refusals.size).toBe(0)
  })
})

/** The network as the engine would have it. */
async function first(network: typeof earlier): Promise<EngineNetwork> {
  const { engine, ensure } = scene()
  await ensure(network)
  return (await engine.listNetworks())[0]!
}
