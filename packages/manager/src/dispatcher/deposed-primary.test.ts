import { silentLogger } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import type { Assignments } from '@shoal/proto'
import { expect, test } from 'vitest'
import { leaderKey } from '../state/index.js'
import { put } from '../state/records.js'
import { aNode, aTask, createTestState, TEST_CLUSTER } from '../state/testing/index.js'
import { MemoryStore } from '../store/memory.js'
import { createDispatcher } from './dispatcher.js'
import { FakeAgent, type FakeCall } from './testing/fake-agent.js'

/** A primary with one task for a node, and an agent that writes down how often it was told anything. */
async function givenPrimary() {
  const clock = new VirtualClock()
  const store = new MemoryStore()
  const state = await createTestState(clock, { store })
  await state.commit([
    put('node', aNode('n1', { Status: { State: 'ready', Addr: 'n1' } })),
    put('task', aTask('t1', { NodeID: 'n1' })),
  ])
  const dispatcher = createDispatcher({
    state,
    clock,
    log: silentLogger,
    authenticate: (call) => ({ nodeId: (call as unknown as FakeCall).nodeId, role: 'worker' }),
    news: () => ({ heartbeatPeriodMs: 5_000, reconnectWithinMs: 0, managers: [], rootCertificates: '' }),
    beats: { beat: () => undefined },
  })
  dispatcher.start(new AbortController().signal)
  const told: Assignments[] = []
  const agent = new FakeAgent('n1', (message) => told.push(message))
  const call = async (): Promise<void> => {
    agent.connect(dispatcher)
    await settle()
    await clock.advanceAsync(100)
  }
  return { store, state, agent, told, call }
}

test('a primary tells an agent that calls what it is to do', async () => {
  const { call, told, agent } = await givenPrimary()
  await call()
  expect(agent.isConnected).toBe(true)
  expect(told).toHaveLength(1)
})

test('one that another has replaced while it stood still tells an agent nothing, and learns of it', async () => {
  const { call, told, agent, store, state } = await givenPrimary()
  await store.commit({
    compares: [],
    operations: [{ type: 'put', key: leaderKey(TEST_CLUSTER), value: '{}' }],
  })
  await call()
  expect(agent.isConnected).toBe(false)
  expect(told).toEqual([])
  expect(state.deposed.aborted).toBe(true)
})
