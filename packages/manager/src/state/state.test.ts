import { ShoalError, silentLogger } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../store/memory.js'
import type { Store, Transaction } from '../store/contract.js'
import { openState } from './open.js'
import { put, remove, type Change, type TaskRecord } from './records.js'
import { transact } from './state.js'
import { aNode, aService, aSpec, aTask, createTestState, storeRecord, TEST_CLUSTER } from './testing/index.js'

const status = (State: TaskRecord['Status']['State']): TaskRecord['Status'] => ({
  Timestamp: '2026-01-01T00:00:01.000Z',
  State,
  Message: State,
})

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

describe('following the store', () => {
  test('an own write is told once, although the watch tells it again', async () => {
    const state = await createTestState(new VirtualClock())
    const heard: Change[] = []
    state.subscribe((changes) => heard.push(...changes))
    const task = await storeRecord(state, 'task', aTask('t1'))
    await state.commit([remove('task', task)])
    await settle()
    expect(heard.map(({ before, after }) => [before?.ID, after?.ID])).toEqual([
      [undefined, 't1'],
      ['t1', undefined],
    ])
  })

  test('a write whose acknowledgement was lost arrives by the watch', async () => {
    const clock = new VirtualClock()
    const store = new MemoryStore()
    const state = await createTestState(clock, { store })
    const commit = store.commit.bind(store)
    store.commit = async (transaction) => {
      await commit(transaction)
      throw new ShoalError('unavailable', 'connection lost')
    }

    const written = state.commit([put('task', aTask('t1'))])
    await settle()

    expect(state.get('task', 't1')).toBeDefined()
    await clock.advanceAsync(200)
    await written
  })

  test('what it wrote itself stays when everything is loaded anew before the watch has told of it', async () => {
    const store = new MemoryStore()
    const watch = store.watch.bind(store)
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    store.watch = async function* (...range) {
      await held
      yield* watch(...range)
    }
    const state = await createTestState(new VirtualClock(), { store })
    const heard: Change[] = []
    await storeRecord(state, 'task', aTask('t1'))
    await storeRecord(state, 'task', aTask('t2'))
    state.subscribe((changes) => heard.push(...changes))

    store.compact(Number.MAX_SAFE_INTEGER)
    release()
    await settle()

    expect(Array.from(state.all('task'), ({ ID }) => ID)).toEqual(['t1', 't2'])
    expect(heard).toEqual([])
  })

  test('a compaction while it was behind makes it load everything anew, and nothing is missed', async () => {
    const clock = new VirtualClock()
    const store = new MemoryStore()
    const primary = await createTestState(clock, { store })
    const gone = await storeRecord(primary, 'task', aTask('gone'))
    const kept = await storeRecord(primary, 'task', aTask('kept'))
    const signal = new AbortController().signal
    const secondary = await openState({ store, cluster: TEST_CLUSTER, clock, log: silentLogger, signal })
    const heard: Change[] = []
    secondary.subscribe((changes) => heard.push(...changes))

    // All in one turn: the secondary's watch wakes up when the history has gone.
    const writes = [
      primary.commit([remove('task', gone)]),
      primary.commit([put('task', { ...kept, NodeID: 'n1' })]),
      primary.commit([put('task', aTask('new'))]),
    ]
    const commit = store.commit.bind(store)
    store.commit = async (transaction) => {
      const result = commit(transaction)
      store.compact(Number.MAX_SAFE_INTEGER)
      return result
    }
    await Promise.all(writes)
    await settle()

    expect([...secondary.all('task')]).toEqual([...primary.all('task')])
    expect(heard).toHaveLength(3)
  })
})

describe('observe', () => {
  test('a passing state is known to memory and listeners, not to the store', async () => {
    const store = new MemoryStore()
    const state = await createTestState(new VirtualClock(), { store })
    const task = await storeRecord(state, 'task', aTask('t1'))
    const sent = spyOn(store)
    const heard: Change[] = []
    state.subscribe((changes) => heard.push(...changes))

    state.observe('t1', status('preparing'))

    expect(state.get('task', 't1')).toEqual({ ...task, Status: status('preparing') })
    expect([...state.tasksOfService('web')]).toEqual([state.get('task', 't1')])
    expect(heard).toHaveLength(1)
    expect(sent).toEqual([])
  })

  test('an earlier state, the same state and an unknown task are ignored', async () => {
    const state = await createTestState(new VirtualClock())
    await storeRecord(state, 'task', aTask('t1', { Status: status('ready') }))
    const before = state.get('task', 't1')
    state.observe('t1', status('preparing'))
    state.observe('t1', status('ready'))
    state.observe('unknown', status('ready'))
    expect(state.get('task', 't1')).toBe(before)
    expect(state.count('task')).toBe(1)
  })

  test('a state that has to be stored is refused', async () => {
    const state = await createTestState(new VirtualClock())
    await storeRecord(state, 'task', aTask('t1'))
    expect(() => state.observe('t1', status('running'))).toThrow(ShoalError)
  })

  test('a write on top of an observed state succeeds, and takes the state along', async () => {
    const store = new MemoryStore()
    const state = await createTestState(new VirtualClock(), { store })
    await storeRecord(state, 'task', aTask('t1'))
    state.observe('t1', status('preparing'))
    const observed = state.get('task', 't1')
    if (!observed) throw new Error('the task is gone')

    await state.commit([put('task', { ...observed, DesiredState: 'shutdown' })])

    const reloaded = await createTestState(new VirtualClock(), { store })
    expect(reloaded.get('task', 't1')).toMatchObject({
      DesiredState: 'shutdown',
      Status: { State: 'preparing' },
    })
  })

  test('a write that was decided before does not take an observed state back', async () => {
    const state = await createTestState(new VirtualClock())
    const task = await storeRecord(state, 'task', aTask('t1'))
    const write = state.commit([put('task', { ...task, DesiredState: 'shutdown' })])
    state.observe('t1', status('starting'))
    await write
    expect(state.get('task', 't1')).toMatchObject({ DesiredState: 'shutdown', Status: { State: 'starting' } })
    expect(state.get('task', 't1')?.Version.Index).toBeGreaterThan(task.Version.Index)
  })
})

describe('look-ups', () => {
  test('follow what is written', async () => {
    const state = await createTestState(new VirtualClock())
    const service = aService('web')
    await state.commit([
      put('service', service),
      put('spec', aSpec('web', 1)),
      put('node', aNode('n1')),
      put('node', aNode('n2', { Description: { ...aNode('n2').Description, Hostname: 'n1' } })),
      put('task', aTask('t1', { NodeID: 'n1' })),
      put('task', aTask('t2', { ServiceID: 'db' })),
    ])
    const ids = (records: Iterable<{ ID: string }>): string[] => [...records].map(({ ID }) => ID)

    expect(state.serviceNamed('web')?.ID).toBe('web')
    expect(ids(state.nodesNamed('n1'))).toEqual(['n1', 'n2'])
    expect(ids(state.specsOfService('web'))).toEqual(['web/1'])
    expect(state.specOf(service)?.ID).toBe('web/1')
    expect(state.specOf(aTask('t1'))?.ID).toBe('web/1')
    expect(ids(state.tasksOfService('web'))).toEqual(['t1'])
    expect(ids(state.tasksOfNode('n1'))).toEqual(['t1'])

    const moved = state.get('task', 't1')
    const renamed = state.get('service', 'web')
    if (!moved || !renamed) throw new Error('a record is gone')
    await state.commit([
      put('task', { ...moved, NodeID: 'n2' }),
      put('service', { ...renamed, Spec: { ...renamed.Spec, Name: 'front' } }),
    ])

    expect(ids(state.tasksOfNode('n1'))).toEqual([])
    expect(ids(state.tasksOfNode('n2'))).toEqual(['t1'])
    expect(state.serviceNamed('web')).toBeUndefined()
    expect(state.serviceNamed('front')?.ID).toBe('web')
  })
})

describe('transact', () => {
  test('plans anew when another write came first', async () => {
    const state = await createTestState(new VirtualClock())
    const task = await storeRecord(state, 'task', aTask('t1'))
    const other = state.commit([put('task', { ...task, NodeID: 'n1' })])
    let plans = 0

    await transact(state, () => {
      plans++
      const present = state.get('task', 't1')
      if (!present) throw new Error('the task is gone')
      return { mutations: [put('task', { ...present, DesiredState: 'shutdown' })], result: undefined }
    })
    await other

    expect(plans).toBe(2)
    expect(state.get('task', 't1')).toMatchObject({ NodeID: 'n1', DesiredState: 'shutdown' })
  })
})
