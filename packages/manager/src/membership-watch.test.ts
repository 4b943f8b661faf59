import { VirtualClock } from '@shoal/common/virtual-clock'
import { systemRandom } from '@shoal/common'
import { describe, expect, test } from 'vitest'
import { newClusterRecord } from './ca/index.js'
import { untilNoManager, whyNoManager } from './membership-watch.js'
import { put, remove, type NodeRecord } from './state/index.js'
import { aNode, createTestState } from './state/testing/index.js'

const cluster = newClusterRecord({ id: 'c', nowMs: 0, random: systemRandom })
const node = (Role: 'manager' | 'worker'): NodeRecord =>
  aNode('n', { Spec: { Role, Availability: 'active' } })

const scene = async (...records: NodeRecord[]) => {
  const state = await createTestState(new VirtualClock(0))
  await state.commit([put('cluster', cluster), ...records.map((record) => put('node', record))])
  return state
}
const stored = (state: Awaited<ReturnType<typeof scene>>): NodeRecord =>
  state.get('node', 'n') ?? expect.fail('no node')

describe('whether a node is to run a manager', () => {
  test('its record says', async () => {
    expect(whyNoManager(await scene(node('manager')), 'n')).toBeUndefined()
    expect(whyNoManager(await scene(node('worker')), 'n')).toBe('node n is a worker: it was demoted')
    expect(whyNoManager(await scene(), 'n')).toBe('node n is not part of the cluster any more')
  })

  test('a store that holds no cluster says nothing: managers do not end because its data is lost', async () => {
    expect(whyNoManager(await createTestState(new VirtualClock(0)), 'n')).toBeUndefined()
  })

  test('given a manager, when it is demoted, then it hears of it; other changes are none of its business', async () => {
    const state = await scene(node('manager'))
    let reason: string | undefined
    void untilNoManager(state, 'n', new AbortController().signal).then((why) => (reason = why))
    const record = stored(state)
    await state.commit([put('node', { ...record, Spec: { ...record.Spec, Availability: 'drain' } })])
    expect(reason).toBeUndefined()
    await state.commit([put('node', { ...stored(state), Spec: { Role: 'worker', Availability: 'drain' } })])
    await Promise.resolve()
    expect(reason).toMatch(/demoted/)
  })

  test('given a manager, when its node is removed, then it hears of it', async () => {
    const state = await scene(node('manager'))
    const retired = untilNoManager(state, 'n', new AbortController().signal)
    await state.commit([remove('node', stored(state))])
    expect(await retired).toMatch(/not part of the cluster/)
  })
})
