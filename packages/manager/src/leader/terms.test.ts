import { silentLogger } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { openState, put } from '../state/index.js'
import { aTask, storeRecord, TEST_CLUSTER } from '../state/testing/index.js'
import { MemoryStore } from '../store/memory.js'
import { campaign, type CampaignOptions, type Leadership } from './campaign.js'
import { runTerms, type Term } from './terms.js'

/** A manager on a store that it shares with others, until it is told to end. */
async function aManager(store: MemoryStore, managerId: string, options: Partial<CampaignOptions> = {}) {
  const clock = new VirtualClock()
  const ending = new AbortController()
  const { signal } = ending
  const common = { store, cluster: TEST_CLUSTER, clock, log: silentLogger, signal }
  const state = await openState({ ...common, signal: new AbortController().signal })
  const terms: Term[] = []
  const win = (): Promise<Leadership> =>
    campaign({ ...common, managerId, address: `${managerId}:2377`, apiAddress: '', ttlMs: 3_000, ...options })
  const running = runTerms({ ...common, state, win, begin: (term) => void terms.push(term) })
  await settle()
  return { state, terms, end: () => (ending.abort(), running) }
}

const conflict = { code: 'conflict' }

test('the first to come leads, the second follows and writes nothing', async () => {
  const store = new MemoryStore()
  const first = await aManager(store, 'm1')
  const second = await aManager(store, 'm2')
  await storeRecord(first.state, 'task', aTask('t1'))
  await settle()

  expect([first.terms.length, second.terms.length]).toEqual([1, 0])
  expect(second.state.get('task', 't1')).toBeDefined()
  await expect(second.state.commit([put('task', aTask('t2'))])).rejects.toMatchObject(conflict)
})

test('a term that is lost ends all that runs in it, and the same manager leads again later', async () => {
  const store = new MemoryStore()
  const first = await aManager(store, 'm1')
  let proveDeath = (): void => undefined
  const dead = new Promise<void>((resolve) => (proveDeath = resolve))
  const second = await aManager(store, 'm2', { untilDead: () => dead })

  proveDeath()
  await settle()
  expect(first.terms[0]?.signal.aborted).toBe(true)
  expect(second.terms).toHaveLength(1)
  await expect(first.state.commit([put('task', aTask('t1'))])).rejects.toMatchObject(conflict)
  await storeRecord(second.state, 'task', aTask('t2'))

  await second.end()
  await settle()
  expect(first.terms).toHaveLength(2)
  const seen = first.state.get('task', 't2')
  expect(seen).toBeDefined()
  await storeRecord(first.state, 'task', { ...seen!, DesiredState: 'shutdown' })
})

test('a write that waits when the term ends is refused, also if the next term is this manager’s own', async () => {
  const store = new MemoryStore()
  const only = await aManager(store, 'm1')
  const commit = store.commit.bind(store)
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  store.commit = async (transaction) => {
    if (transaction.operations.some(({ key }) => key.includes('tasks/'))) await held
    return commit(transaction)
  }
  const onItsWay = only.state.commit([put('task', aTask('t1'))]).catch((error: unknown) => error)
  await settle()
  const waiting = only.state.commit([put('task', aTask('t2'))]).catch((error: unknown) => error)

  await only.terms[0]?.leadership.resign()
  await settle()
  expect(only.terms).toHaveLength(2)
  release()

  expect(await onItsWay).toMatchObject(conflict)
  expect(await waiting).toMatchObject(conflict)
  await settle()
  expect([...only.state.all('task')]).toEqual([])
  expect(only.terms[1]?.signal.aborted).toBe(false)
})

test('the fence ends the term of a manager that does not know yet that another leads', async () => {
  const store = new MemoryStore()
  const only = await aManager(store, 'm1')
  const term = only.terms[0]!
  const { key, revision } = term.leadership
  // Its watch tells it later than its write does.
  const usurped = store.commit({
    compares: [{ key, revision }],
    operations: [{ type: 'put', key, value: '{}' }],
  })
  const write = only.state.commit([put('task', aTask('t1'))])

  await expect(write).rejects.toMatchObject(conflict)
  expect(await usurped).toMatchObject({ committed: true })
  await settle()
  expect(term.signal.aborted).toBe(true)
})

test('asked to end, it resigns', async () => {
  const store = new MemoryStore()
  const only = await aManager(store, 'm1')
  await only.end()
  expect(only.terms[0]?.signal.aborted).toBe(true)
  expect((await store.snapshot(only.terms[0]?.leadership.key ?? '')).entries).toEqual([])
})
