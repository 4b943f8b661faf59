import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import type { Store, WatchBatch } from '@shoal/manager/store/contract'
import { openStore } from '@shoal/manager/store/open'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startEtcd, whyNoEtcd, type TestEtcd } from '../support/etcd.js'
import { eventsOf, watchUntil } from './tools.js'

const deps = { clock: systemClock, random: systemRandom, log: silentLogger }
const PREFIX = '/outage/'
const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const reason = whyNoEtcd()
describe.skipIf(reason !== undefined)(`when etcd is away for a while${reason ? `: ${reason}` : ''}`, () => {
  let etcd: TestEtcd
  let store: Store
  let other: Store

  const open = (): Promise<Store> => openStore({ kind: 'etcd', endpoints: [etcd.endpoint] }, deps)
  const write = async (to: Store, name: string): Promise<number> => {
    const operations = [{ type: 'put', key: PREFIX + name, value: name }] as const
    const result = await to.commit({ compares: [], operations })
    if (!result.committed) throw new Error('a transaction without compares was refused')
    return result.revision
  }
  /** Writes as soon as etcd can be reached again. */
  const writeAtLast = async (to: Store, name: string): Promise<number> => {
    for (;;) {
      const revision = await write(to, name).catch(() => undefined)
      if (revision !== undefined) return revision
      await delay(50)
    }
  }

  beforeEach(async () => {
    etcd = await startEtcd()
    store = await open()
    other = await open()
  })
  afterEach(async () => {
    await store.close()
    await other.close()
    await etcd.stop()
  })

  test('a watch misses nothing across kill -9 and restart, and tells nothing twice', async () => {
    const start = await write(other, '0')
    const watching = watchUntil(store, PREFIX, start, (all) =>
      eventsOf(all).some(({ key }) => key.endsWith('/end')),
    )
    const expected: string[] = []
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 50; i++) {
        const name = `${round}-${i}`
        await write(other, name)
        expected.push(name)
      }
      await etcd.restart()
      // Before the watch may have found its way back.
      await writeAtLast(other, `${round}-back`)
      expected.push(`${round}-back`)
    }
    await write(other, 'end')

    const events = eventsOf(await watching)
    expect(events.map(({ key }) => key.slice(PREFIX.length))).toEqual([...expected, 'end'])
  })

  test('and compacted meanwhile what a watch had not seen, the watch says so', async () => {
    const start = await write(other, '0')
    await etcd.kill()
    const told: WatchBatch[] = []
    const watching = (async () => {
      for await (const batch of store.watch(PREFIX, start, new AbortController().signal)) told.push(batch)
    })()
    await delay(200)
    await etcd.restart()
    const early = [await writeAtLast(other, '1'), await write(other, '2')]
    // The watch may be back already: what it has been told before the compaction is not missed.
    await etcd.compact(Math.max(...early))
    if (told.length === 0) await Promise.race([watching, delay(3000)])

    const { entries } = await store.snapshot(PREFIX)
    expect(entries.map(({ key }) => key.slice(PREFIX.length))).toEqual(['0', '1', '2'])
    const isCompacted = told.some(({ type }) => type === 'compacted')
    const seen = eventsOf(told).map(({ key }) => key.slice(PREFIX.length))
    expect(isCompacted || seen.join() === '1,2').toBe(true)
  })

  test('a compaction of what a watch has seen does not end it', async () => {
    const start = await write(other, '0')
    const watching = watchUntil(store, PREFIX, start, (all) =>
      eventsOf(all).some(({ key }) => key.endsWith('/end')),
    )
    const latest = await write(other, '1')
    await delay(300)
    await etcd.compact(latest)
    await etcd.restart()
    await writeAtLast(other, 'end')
    expect(eventsOf(await watching).map(({ key }) => key.slice(PREFIX.length))).toEqual(['1', 'end'])
  })

  test('calls fail with unavailable within seconds, and succeed when it is back', async () => {
    await write(store, 'before')
    await etcd.kill()
    await expect(write(store, 'during')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.snapshot(PREFIX)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(store.grantLease(2000)).rejects.toMatchObject({ code: 'unavailable' })
    await etcd.restart()
    await writeAtLast(store, 'after')
    const { entries } = await store.snapshot(PREFIX)
    expect(entries.map(({ value }) => value)).toEqual(expect.arrayContaining(['before', 'after']))
  })

  test('a lease that cannot be confirmed counts as lost when its time is over, not later', async () => {
    const lease = await store.grantLease(2000)
    await etcd.kill()
    const killedAt = Date.now()
    await new Promise((resolve) => lease.lost.addEventListener('abort', resolve))
    expect(Date.now() - killedAt).toBeLessThan(2500)
  })

  test('a lease outlives an outage that is shorter than its time', async () => {
    const lease = await store.grantLease(10_000)
    await etcd.restart()
    await delay(5000)
    expect(lease.lost.aborted).toBe(false)
    await lease.revoke()
  })

  test('the keys of a holder that fell silent vanish soon after its time', async () => {
    const lease = await store.grantLease(2000)
    await store.commit({
      compares: [],
      operations: [{ type: 'put', key: `${PREFIX}alive`, value: '', lease }],
    })
    await store.close()
    const silentSince = Date.now()
    const { revision } = await other.snapshot(PREFIX)
    const batches = await watchUntil(other, PREFIX, revision, (all) => all.length > 0)
    expect(eventsOf(batches)).toMatchObject([{ type: 'delete', key: `${PREFIX}alive` }])
    expect(Date.now() - silentSince).toBeLessThan(4000)
  })
})

test.skipIf(reason !== undefined)('of several endpoints, those that are dead are passed over', async () => {
  const [alive, dead] = await Promise.all([startEtcd(), startEtcd()])
  await dead.stop()
  const store = await openStore({ kind: 'etcd', endpoints: [dead.endpoint, alive.endpoint] }, deps)
  try {
    let failures = 0
    for (let i = 0; i < 20; i++) await store.snapshot(PREFIX).catch(() => failures++)
    expect(failures).toBeLessThanOrEqual(1)
  } finally {
    await store.close()
    await alive.stop()
  }
})
