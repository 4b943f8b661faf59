import { ShoalError } from '@shoal/common'
import {
  MAX_TRANSACTION_OPERATIONS,
  type Lease,
  type Operation,
  type Store,
  type StoreEvent,
  type WatchBatch,
} from '@shoal/manager/store/contract'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

/** What the contract suite needs to know of one backend. */
export interface Backend {
  /** A connection to the store; the second one shares its data with the first. */
  open(): Promise<Store>
  /** Forgets what happened up to `revision`. */
  compact(store: Store, revision: number): Promise<void>
  /** Ends a lease without its holder's doing; absent where a lease lives as long as the process. */
  expire?(store: Store, lease: Lease): Promise<void>
  start?(): Promise<void>
  stop?(): Promise<void>
}

const put = (key: string, value: string, lease?: Lease): Operation => ({
  type: 'put',
  key,
  value,
  ...(lease && { lease }),
})
const del = (key: string): Operation => ({ type: 'delete', key })

/** Commits without compares, and returns the revision. */
async function write(store: Store, ...operations: Operation[]): Promise<number> {
  const result = await store.commit({ compares: [], operations })
  if (!result.committed) throw new Error('a transaction without compares was refused')
  return result.revision
}

async function valuesOf(store: Store, prefix: string): Promise<Record<string, string>> {
  const { entries } = await store.snapshot(prefix)
  return Object.fromEntries(entries.map(({ key, value }) => [key.slice(prefix.length), value]))
}

/** Reads a watch until `enough` says so; the suite's timeout is the limit. */
export async function watchUntil(
  store: Store,
  prefix: string,
  afterRevision: number,
  enough: (batches: readonly WatchBatch[]) => boolean,
): Promise<WatchBatch[]> {
  const done = new AbortController()
  const batches: WatchBatch[] = []
  for await (const batch of store.watch(prefix, afterRevision, done.signal)) {
    batches.push(batch)
    if (enough(batches)) break
  }
  done.abort()
  return batches
}

export const eventsOf = (batches: readonly WatchBatch[]) =>
  batches.flatMap((batch) => (batch.type === 'events' ? batch.events : []))

const refusal = (code: ShoalError['code']) => expect.objectContaining({ code })

/** What every backend of the store must do. */
export function describeStore(name: string, backend: Backend): void {
  describe(name, () => {
    let store: Store
    let prefix: string
    let sequence = 0

    beforeAll(async () => backend.start?.())
    afterAll(async () => backend.stop?.())
    beforeEach(async () => {
      store = await backend.open()
      prefix = `/contract/${name}/${++sequence}/`
    })
    afterEach(() => store.close())

    describe('commit', () => {
      test('what was put is there, with the revision of its write', async () => {
        const revision = await write(store, put(`${prefix}a`, '{"n":1}'))
        const snapshot = await store.snapshot(prefix)
        expect(snapshot.entries).toEqual([{ key: `${prefix}a`, value: '{"n":1}', revision }])
        expect(snapshot.revision).toBeGreaterThanOrEqual(revision)
      })

      test('text of any kind comes back unchanged', async () => {
        const value = '{"é":"\\n 0 1 日本 🐟"}'
        await write(store, put(`${prefix}ключ 1`, value), put(`${prefix}empty`, ''))
        expect(await valuesOf(store, prefix)).toEqual({ 'ключ 1': value, empty: '' })
      })

      test('revisions grow by one with each transaction, and all of its keys share it', async () => {
        const first = await write(store, put(`${prefix}a`, '1'), put(`${prefix}b`, '1'))
        const second = await write(store, put(`${prefix}b`, '2'))
        expect(second).toBe(first + 1)
        const { entries } = await store.snapshot(prefix)
        expect(new Map(entries.map(({ key, revision }) => [key, revision]))).toEqual(
          new Map([
            [`${prefix}a`, first],
            [`${prefix}b`, second],
          ]),
        )
      })

      test('a compare holds only for the revision of the latest write', async () => {
        const key = `${prefix}a`
        const first = await write(store, put(key, '1'))
        const second = await write(store, put(key, '2'))
        const swap = (revision: number) =>
          store.commit({ compares: [{ key, revision }], operations: [put(key, `after ${revision}`)] })

        expect(await swap(first)).toEqual({ committed: false })
        expect(await swap(0)).toEqual({ committed: false })
        expect(await swap(second)).toEqual({ committed: true, revision: second + 1 })
        expect(await valuesOf(store, prefix)).toEqual({ a: `after ${second}` })
      })

      test('0 holds for a key that never was, and for one that was deleted', async () => {
        const key = `${prefix}a`
        const create = (value: string) =>
          store.commit({ compares: [{ key, revision: 0 }], operations: [put(key, value)] })
        expect(await create('1')).toMatchObject({ committed: true })
        expect(await create('2')).toEqual({ committed: false })
        await write(store, del(key))
        expect(await create('3')).toMatchObject({ committed: true })
        expect(await valuesOf(store, prefix)).toEqual({ a: '3' })
      })

      test('when one compare of many fails, nothing is written', async () => {
        const revision = await write(store, put(`${prefix}a`, '1'), put(`${prefix}c`, '1'))
        const result = await store.commit({
          compares: [
            { key: `${prefix}a`, revision },
            { key: `${prefix}b`, revision },
          ],
          operations: [put(`${prefix}a`, '2'), put(`${prefix}b`, '2'), del(`${prefix}c`)],
        })
        expect(result).toEqual({ committed: false })
        expect(await valuesOf(store, prefix)).toEqual({ a: '1', c: '1' })
      })

      test('of writers that compare the same revision, one wins', async () => {
        const key = `${prefix}counter`
        await write(store, put(key, '0'))
        const increment = async (): Promise<void> => {
          for (;;) {
            const [entry] = (await store.snapshot(key)).entries
            if (!entry) throw new Error('the counter is gone')
            const value = String(Number(entry.value) + 1)
            const compares = [{ key, revision: entry.revision }]
            if ((await store.commit({ compares, operations: [put(key, value)] })).committed) return
          }
        }
        await Promise.all(Array.from({ length: 10 }, increment))
        expect(await valuesOf(store, prefix)).toEqual({ counter: '10' })
      })

      test(`a transaction takes ${MAX_TRANSACTION_OPERATIONS} compares and operations, not one more`, async () => {
        const transaction = (count: number) => {
          const keys = Array.from({ length: count }, (_, i) => `${prefix}${i}`)
          return {
            compares: keys.map((key) => ({ key, revision: 0 })),
            operations: keys.map((key) => put(key, 'x')),
          }
        }
        const tooMany = transaction(MAX_TRANSACTION_OPERATIONS + 1)
        await expect(store.commit(tooMany)).rejects.toEqual(refusal('invalid-argument'))
        await expect(store.commit({ ...tooMany, operations: [] })).rejects.toEqual(
          refusal('invalid-argument'),
        )
        expect(await valuesOf(store, prefix)).toEqual({})

        await store.commit(transaction(MAX_TRANSACTION_OPERATIONS))
        expect(Object.keys(await valuesOf(store, prefix))).toHaveLength(MAX_TRANSACTION_OPERATIONS)
      })

      test.each([
        ['a key that is named twice', (key: string) => [put(key, '1'), del(key)]],
        ['an empty key', () => [put('', '1')]],
      ])('%s is refused', async (_name, operationsOf) => {
        const operations = operationsOf(`${prefix}a`)
        await expect(store.commit({ compares: [], operations })).rejects.toEqual(refusal('invalid-argument'))
      })

      test('a closed store is unavailable', async () => {
        const other = await backend.open().catch(() => undefined)
        const closed = other ?? store
        await closed.close()
        await expect(write(closed, put(`${prefix}a`, '1'))).rejects.toEqual(refusal('unavailable'))
        await expect(closed.snapshot(prefix)).rejects.toEqual(refusal('unavailable'))
        if (!other) store = await backend.open()
      })
    })

    describe('snapshot', () => {
      test('shows what is below its prefix, and nothing else', async () => {
        await write(
          store,
          put(`${prefix}a/1`, '1'),
          put(`${prefix}a/2`, '2'),
          put(`${prefix}ab`, '3'),
          put(`${prefix}b`, '4'),
        )
        expect(await valuesOf(store, `${prefix}a/`)).toEqual({ 1: '1', 2: '2' })
        expect(Object.keys(await valuesOf(store, `${prefix}a`))).toEqual(
          expect.arrayContaining(['/1', '/2', 'b']),
        )
        expect(await valuesOf(store, `${prefix}none`)).toEqual({})
      })

      test('of thousands of keys is complete and of one revision, while others write', async () => {
        for (let page = 0; page < 24; page++) {
          await write(store, ...Array.from({ length: 100 }, (_, i) => put(`${prefix}k${page}-${i}`, '0')))
        }
        let writing = true
        // Both keys always carry the same value: a snapshot that sees them differ mixes two revisions.
        const writer = (async () => {
          for (let n = 1; writing; n++)
            await write(store, put(`${prefix}a`, `${n}`), put(`${prefix}z`, `${n}`))
        })()
        const snapshots = [await store.snapshot(prefix), await store.snapshot(prefix)]
        writing = false
        await writer

        for (const { entries, revision } of snapshots) {
          const values = new Map(entries.map(({ key, value }) => [key.slice(prefix.length), value]))
          expect([...values.keys()].filter((key) => key.startsWith('k'))).toHaveLength(2400)
          expect(values.get('a')).toBe(values.get('z'))
          expect(Math.max(...entries.map((entry) => entry.revision))).toBeLessThanOrEqual(revision)
        }
      })
    })

    describe('watch', () => {
      test('and snapshot meet at one revision under concurrent writes', async () => {
        const total = 60
        const { revision: start } = await store.snapshot(prefix)
        const keyOf = (n: number): string => `${prefix}k${n % 7}`
        const writer = (async () => {
          for (let n = 1; n <= total; n++) {
            await write(
              store,
              n % 5 === 0 ? del(keyOf(n)) : put(keyOf(n), `${n}`),
              put(`${prefix}last`, `${n}`),
            )
          }
        })()
        const isLast = (event: StoreEvent): boolean => event.type === 'put' && event.value === `${total}`
        const follow = async (afterWrites: number): Promise<Map<string, string>> => {
          await watchUntil(store, `${prefix}last`, start, (all) => eventsOf(all).length > afterWrites)
          const { entries, revision } = await store.snapshot(prefix)
          const seen = new Map(entries.map(({ key, value }) => [key, value]))
          if (seen.get(`${prefix}last`) === `${total}`) return seen
          for (const event of eventsOf(
            await watchUntil(store, prefix, revision, (all) => eventsOf(all).some(isLast)),
          )) {
            expect(event.revision).toBeGreaterThan(revision)
            if (event.type === 'put') seen.set(event.key, event.value)
            else seen.delete(event.key)
          }
          return seen
        }
        const followers = [0, 10, 20, 35, 50].map(follow)
        await writer

        const { entries } = await store.snapshot(prefix)
        const final = new Map(entries.map(({ key, value }) => [key, value]))
        for (const seen of await Promise.all(followers)) expect(seen).toEqual(final)
      })

      test('tells puts and deletes, revision by revision, all events of one in one batch', async () => {
        const { revision: start } = await store.snapshot(prefix)
        const first = await write(store, put(`${prefix}a`, '1'), put(`${prefix}b`, '1'))
        const second = await write(store, del(`${prefix}a`), put(`${prefix}b`, '2'))

        const batches = await watchUntil(store, prefix, start, (all) => eventsOf(all).length >= 4)

        expect(batches).toEqual([
          {
            type: 'events',
            revision: first,
            events: [
              { type: 'put', key: `${prefix}a`, value: '1', revision: first },
              { type: 'put', key: `${prefix}b`, value: '1', revision: first },
            ],
          },
          {
            type: 'events',
            revision: second,
            events: [
              { type: 'delete', key: `${prefix}a`, revision: second },
              { type: 'put', key: `${prefix}b`, value: '2', revision: second },
            ],
          },
        ])
      })

      test('the deletion of what is not there is no event', async () => {
        const { revision: start } = await store.snapshot(prefix)
        const revision = await write(store, del(`${prefix}a`))
        expect(revision).toBe(start)
        await write(store, put(`${prefix}b`, '1'))
        const batches = await watchUntil(store, prefix, start, (all) => all.length > 0)
        expect(eventsOf(batches)).toEqual([
          { type: 'put', key: `${prefix}b`, value: '1', revision: start + 1 },
        ])
      })

      test('tells what happens after it began, and only below its prefix', async () => {
        const { revision } = await store.snapshot(prefix)
        const watching = watchUntil(store, `${prefix}mine/`, revision, (all) => eventsOf(all).length >= 2)
        await write(store, put(`${prefix}other`, '1'))
        await write(store, put(`${prefix}mine/a`, '1'), put(`${prefix}mine`, '1'))
        await write(store, put(`${prefix}mine/b`, '2'))
        expect(eventsOf(await watching).map(({ key }) => key)).toEqual([`${prefix}mine/a`, `${prefix}mine/b`])
      })

      test('ends when its signal aborts', async () => {
        const { revision } = await store.snapshot(prefix)
        const end = new AbortController()
        const told: WatchBatch[] = []
        const watching = (async () => {
          for await (const batch of store.watch(prefix, revision, end.signal)) told.push(batch)
        })()
        end.abort()
        await watching
        expect(told).toEqual([])
      })

      test('says so when what comes next was compacted, and ends', async () => {
        const first = await write(store, put(`${prefix}a`, '1'))
        let latest = first
        for (let n = 2; n <= 5; n++) latest = await write(store, put(`${prefix}a`, `${n}`))
        await backend.compact(store, latest)

        const told: WatchBatch[] = []
        for await (const batch of store.watch(prefix, first, new AbortController().signal)) told.push(batch)

        expect(told).toEqual([{ type: 'compacted' }])
        await write(store, put(`${prefix}a`, '6'))
        const batches = await watchUntil(store, prefix, latest, (all) => all.length > 0)
        expect(eventsOf(batches)).toMatchObject([{ value: '6' }])
      })
    })

    describe('leases', () => {
      test('its keys vanish when it is revoked, and a watch tells so', async () => {
        const lease = await store.grantLease(5000)
        const revision = await write(store, put(`${prefix}a`, '1', lease), put(`${prefix}b`, '1'))
        await lease.revoke()
        expect(lease.lost.aborted).toBe(true)
        expect(await valuesOf(store, prefix)).toEqual({ b: '1' })
        const batches = await watchUntil(store, prefix, revision, (all) => all.length > 0)
        expect(eventsOf(batches)).toMatchObject([{ type: 'delete', key: `${prefix}a` }])
      })

      test('a key that was put again without it stays', async () => {
        const lease = await store.grantLease(5000)
        await write(store, put(`${prefix}a`, '1', lease))
        await write(store, put(`${prefix}a`, '2'))
        await lease.revoke()
        expect(await valuesOf(store, prefix)).toEqual({ a: '2' })
      })

      test('revoking twice is no error, and a put under an ended lease is refused', async () => {
        const lease = await store.grantLease(5000)
        await lease.revoke()
        await lease.revoke()
        await expect(write(store, put(`${prefix}a`, '1', lease))).rejects.toEqual(
          refusal('failed-precondition'),
        )
        expect(await valuesOf(store, prefix)).toEqual({})
      })

      test('is kept alive beyond its time', async () => {
        const lease = await store.grantLease(2000)
        await write(store, put(`${prefix}a`, '1', lease))
        await new Promise((resolve) => setTimeout(resolve, 4500))
        expect(lease.lost.aborted).toBe(false)
        expect(await valuesOf(store, prefix)).toEqual({ a: '1' })
        await lease.revoke()
      })

      const { expire } = backend
      if (expire) {
        test('when it ends by itself, its keys vanish and its holder hears of it', async () => {
          const lease = await store.grantLease(2000)
          await write(store, put(`${prefix}a`, '1', lease))
          const lost = new Promise((resolve) => lease.lost.addEventListener('abort', resolve))
          await expire(store, lease)
          await lost
          expect(await valuesOf(store, prefix)).toEqual({})
        })
      }
    })
  })
}
