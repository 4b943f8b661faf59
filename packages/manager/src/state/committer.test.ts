import { silentLogger } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../store/memory.js'
import type { Store, Transaction } from '../store/contract.js'
import { MAX_UNIT_MUTATIONS } from './committer.js'
import { keyOf, leaderKey } from './keys.js'
import { openState } from './open.js'
import { put, remove, type Change, type TaskRecord } from './records.js'
import { aService, aTask, createTestState, storeRecord, TEST_CLUSTER } from './testing/index.js'

const conflict = expect.objectContaining({ code: 'conflict' })

/** Every transaction writes the chain's key besides its records. */
const LINK = 1

/** Counts the transactions that reach a store. */
function spyOn(store: Store): Transaction[] {
  const seen: Transaction[] = []
  const commit = store.commit.bind(store)
  store.commit = (transaction) => {
    seen.push(transaction)
    return commit(transaction)
  }
  return seen
}

describe('commit', () => {
  test('memory and listeners hear of a write when it has been stored, with the revision as its version', async () => {
    const clock = new VirtualClock()
    const state = await createTestState(clock)
    const heard: Change[] = []
    state.subscribe((changes) => heard.push(...changes))
    clock.advance(5000)

    const task = await storeRecord(state, 'task', aTask('t1'))

    expect(task.Version.Index).toBeGreaterThan(0)
    expect(task.UpdatedAt).toBe('2026-01-01T00:00:05.000Z')
    expect(heard).toEqual([{ kind: 'task', after: task }])
  })

  test('the version is not part of the stored text, and a reload gives it back', async () => {
    const store = new MemoryStore()
    const state = await createTestState(new VirtualClock(), { store })
    const service = await storeRecord(state, 'service', aService('web'))

    const key = keyOf(TEST_CLUSTER, { kind: 'service', slot: 'web' })
    const { entries } = await store.snapshot(key)
    const reloaded = await createTestState(new VirtualClock(), { store })

    expect(JSON.parse(entries[0]?.value ?? '{}')).not.toHaveProperty('Version')
    expect(reloaded.get('service', 'web')).toEqual(service)
  })

  test('a write that was decided on an older version is refused, and changes nothing', async () => {
    const state = await createTestState(new VirtualClock())
    const first = await storeRecord(state, 'task', aTask('t1'))
    const second = await storeRecord(state, 'task', { ...first, DesiredState: 'shutdown' })

    const late = state.commit([put('task', { ...first, NodeID: 'n1' }), put('task', aTask('t2'))])

    await expect(late).rejects.toEqual(conflict)
    expect(state.get('task', 't1')).toBe(second)
    expect(state.get('task', 't2')).toBeUndefined()
  })

  test.each([
    ['a new record whose ID is taken', (task: TaskRecord) => put('task', { ...task, Version: { Index: 0 } })],
    ['a change of a record that is unknown', (task: TaskRecord) => put('task', { ...task, ID: 'other' })],
    [
      'the removal of a record that is unknown',
      (task: TaskRecord) => remove('task', { ...task, ID: 'other' }),
    ],
  ])('%s is a conflict', async (_name, mutationOf) => {
    const state = await createTestState(new VirtualClock())
    const task = await storeRecord(state, 'task', aTask('t1'))
    await expect(state.commit([mutationOf(task)])).rejects.toEqual(conflict)
  })

  test.each([
    ['one record written twice', [put('task', aTask('t1')), put('task', aTask('t1'))]],
    ['the removal of a record that was never stored', [remove('task', aTask('t1'))]],
    [
      'too many records',
      Array.from({ length: MAX_UNIT_MUTATIONS + 1 }, (_, i) => put('task', aTask(`t${i}`))),
    ],
  ])('%s is an invalid argument', async (_name, mutations) => {
    const state = await createTestState(new VirtualClock())
    await expect(state.commit(mutations)).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(state.count('task')).toBe(0)
  })

  test('a unit of the greatest size is stored', async () => {
    const state = await createTestState(new VirtualClock())
    await state.commit(Array.from({ length: MAX_UNIT_MUTATIONS }, (_, i) => put('task', aTask(`t${i}`))))
    expect(state.count('task')).toBe(MAX_UNIT_MUTATIONS)
  })

  test('a record can be removed and made anew', async () => {
    const state = await createTestState(new VirtualClock())
    const first = await storeRecord(state, 'service', aService('web'))

    await state.commit([remove('service', first)])
    expect(state.get('service', 'web')).toBeUndefined()
    expect(state.serviceNamed('web')).toBeUndefined()

    const again = await storeRecord(state, 'service', aService('web'))
    await settle()
    expect(again.Version.Index).toBeGreaterThan(first.Version.Index + 1)
    expect(state.get('service', 'web')).toBe(again)
    expect(state.serviceNamed('web')).toBe(again)
  })

  test('nothing is written for no mutations', async () => {
    const store = new MemoryStore()
    const state = await createTestState(new VirtualClock(), { store })
    const sent = spyOn(store)
    await state.commit([])
    expect(sent).toEqual([])
  })

  test('a store that cannot be reached for a moment is waited for', async () => {
    const clock = new VirtualClock()
    const store = new MemoryStore()
    const state = await createTestState(clock, { store })
    store.setReachable(false)
    const written = state.commit([put('task', aTask('t1'))])
    await clock.advanceAsync(3_000)
    expect(state.count('task')).toBe(0)
    store.setReachable(true)
    await clock.advanceAsync(200)
    await written
    expect(state.count('task')).toBe(1)
  })

  test('one that stays away is told to the caller, and a later attempt succeeds', async () => {
    const clock = new VirtualClock()
    const store = new MemoryStore()
    const state = await createTestState(clock, { store })
    store.setReachable(false)
    const refusal = state.commit([put('task', aTask('t1'))]).catch((error: unknown) => error)
    await clock.advanceAsync(6_000)
    expect(await refusal).toMatchObject({ code: 'unavailable' })
    expect(state.count('task')).toBe(0)
    store.setReachable(true)
    await state.commit([put('task', aTask('t1'))])
    expect(state.count('task')).toBe(1)
  })
})

describe('units that are ready together', () => {
  test('travel in one transaction', async () => {
    const store = new MemoryStore()
    const state = await createTestState(new VirtualClock(), { store })
    const sent = spyOn(store)

    await Promise.all(['t1', 't2', 't3'].map((id) => state.commit([put('task', aTask(id))])))

    expect(sent.map((transaction) => transaction.operations.length - LINK)).toEqual([3])
    expect(state.count('task')).toBe(3)
  })

  test('are split where a transaction is full', async () => {
    const store = new MemoryStore()
    const state = await createTestState(new VirtualClock(), { store })
    const sent = spyOn(store)
    const unit = (name: string) => Array.from({ length: 60 }, (_, i) => put('task', aTask(`${name}${i}`)))

    await Promise.all([state.commit(unit('a')), state.commit(unit('b')), state.commit(unit('c'))])

    expect(sent.map((transaction) => transaction.operations.length - LINK)).toEqual([120, 60])
    expect(Math.max(...sent.map((transaction) => transaction.compares.length))).toBeLessThanOrEqual(128)
  })

  test('are split where they would be too large', async () => {
    const store = new MemoryStore()
    const state = await createTestState(new VirtualClock(), { store })
    const sent = spyOn(store)
    const large = (id: string) => put('task', aTask(id, { Labels: { note: 'x'.repeat(600_000) } }))
    await Promise.all([state.commit([large('t1')]), state.commit([large('t2')])])
    expect(sent).toHaveLength(2)
  })

  test('and concern one record: the first wins, the second learns that it came too late', async () => {
    const state = await createTestState(new VirtualClock())
    const task = await storeRecord(state, 'task', aTask('t1'))

    const outcomes = await Promise.allSettled([
      state.commit([put('task', { ...task, NodeID: 'n1' })]),
      state.commit([put('task', { ...task, NodeID: 'n2' }), put('task', aTask('t2'))]),
      state.commit([put('task', aTask('t3'))]),
    ])

    expect(outcomes.map(({ status: outcome }) => outcome)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(state.get('task', 't1')?.NodeID).toBe('n1')
    expect(state.get('task', 't2')).toBeUndefined()
    expect(state.count('task')).toBe(2)
  })

  test('are tried one by one when the store knows better than memory about one of them', async () => {
    const store = new MemoryStore()
    const state = await createTestState(new VirtualClock(), { store })
    const key = keyOf(TEST_CLUSTER, { kind: 'task', slot: 'ghost' })
    const { Version: _version, ...ghost } = aTask('ghost', { NodeID: 'elsewhere' })
    // Written in the same turn: the watch cannot have told memory yet.
    const behindItsBack = store.commit({
      compares: [],
      operations: [{ type: 'put', key, value: JSON.stringify(ghost) }],
    })

    const outcomes = await Promise.allSettled([
      state.commit([put('task', aTask('t1'))]),
      state.commit([put('task', aTask('ghost'))]),
      state.commit([put('task', aTask('t2'))]),
    ])
    await behindItsBack

    expect(outcomes.map(({ status: outcome }) => outcome)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(state.get('task', 'ghost')?.NodeID).toBe('elsewhere')
  })
})

describe('fencing', () => {
  test('a manager that was deposed cannot write, and is told so', async () => {
    const clock = new VirtualClock()
    const store = new MemoryStore()
    const old = await createTestState(clock, { store })
    const task = await storeRecord(old, 'task', aTask('t1'))
    const next = await createTestState(clock, { store })

    await expect(old.commit([put('task', { ...task, NodeID: 'n1' })])).rejects.toEqual(conflict)
    await expect(old.commit([put('task', aTask('t2'))])).rejects.toEqual(conflict)

    expect(old.deposed.aborted).toBe(true)
    expect(next.deposed.aborted).toBe(false)
    expect(next.get('task', 't1')?.NodeID).toBeUndefined()
    expect(next.count('task')).toBe(1)
  })

  test('a secondary refuses to write, holds what the primary writes, and continues from there', async () => {
    const clock = new VirtualClock()
    const store = new MemoryStore()
    const primary = await createTestState(clock, { store })
    const signal = new AbortController().signal
    const secondary = await openState({ store, cluster: TEST_CLUSTER, clock, log: silentLogger, signal })
    await expect(secondary.commit([put('task', aTask('t1'))])).rejects.toEqual(conflict)

    const task = await storeRecord(primary, 'task', aTask('t1'))
    const won = await store.commit({
      compares: [],
      operations: [{ type: 'put', key: leaderKey(TEST_CLUSTER), value: '{}' }],
    })
    if (!won.committed) throw new Error('a put without compares was refused')
    await secondary.lead({ key: leaderKey(TEST_CLUSTER), revision: won.revision })

    expect(secondary.get('task', 't1')).toEqual(task)
    await secondary.commit([put('task', { ...task, NodeID: 'n1' })])
    expect(secondary.get('task', 't1')?.NodeID).toBe('n1')
  })
})
