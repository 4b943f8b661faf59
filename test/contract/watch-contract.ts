import type { StoreEvent, WatchBatch } from '@shoal/manager/store/contract'
import { describe, expect, test } from 'vitest'
import { del, eventsOf, put, watchUntil, write, type Backend, type Stage } from './tools.js'

/** What every backend tells those who watch. */
export function describeWatches(at: Stage, backend: Backend): void {
  describe('watch', () => {
    test('and snapshot meet at one revision under concurrent writes', async () => {
      const total = 60
      const { revision: start } = await at.store.snapshot(at.prefix)
      const keyOf = (n: number): string => `${at.prefix}k${n % 7}`
      const writer = (async () => {
        for (let n = 1; n <= total; n++) {
          await write(
            at.store,
            n % 5 === 0 ? del(keyOf(n)) : put(keyOf(n), `${n}`),
            put(`${at.prefix}last`, `${n}`),
          )
        }
      })()
      const isLast = (event: StoreEvent): boolean => event.type === 'put' && event.value === `${total}`
      const follow = async (afterWrites: number): Promise<Map<string, string>> => {
        await watchUntil(at.store, `${at.prefix}last`, start, (all) => eventsOf(all).length > afterWrites)
        const { entries, revision } = await at.store.snapshot(at.prefix)
        const seen = new Map(entries.map(({ key, value }) => [key, value]))
        if (seen.get(`${at.prefix}last`) === `${total}`) return seen
        for (const event of eventsOf(
          await watchUntil(at.store, at.prefix, revision, (all) => eventsOf(all).some(isLast)),
        )) {
          expect(event.revision).toBeGreaterThan(revision)
          if (event.type === 'put') seen.set(event.key, event.value)
          else seen.delete(event.key)
        }
        return seen
      }
      const followers = [0, 10, 20, 35, 50].map(follow)
      await writer

      const { entries } = await at.store.snapshot(at.prefix)
      const final = new Map(entries.map(({ key, value }) => [key, value]))
      for (const seen of await Promise.all(followers)) expect(seen).toEqual(final)
    })

    test('tells puts and deletes, revision by revision, all events of one in one batch', async () => {
      const { revision: start } = await at.store.snapshot(at.prefix)
      const first = await write(at.store, put(`${at.prefix}a`, '1'), put(`${at.prefix}b`, '1'))
      const second = await write(at.store, del(`${at.prefix}a`), put(`${at.prefix}b`, '2'))

      const batches = await watchUntil(at.store, at.prefix, start, (all) => eventsOf(all).length >= 4)

      expect(batches).toEqual([
        {
          type: 'events',
          revision: first,
          events: [
            { type: 'put', key: `${at.prefix}a`, value: '1', revision: first },
            { type: 'put', key: `${at.prefix}b`, value: '1', revision: first },
          ],
        },
        {
          type: 'events',
          revision: second,
          events: [
            { type: 'delete', key: `${at.prefix}a`, revision: second },
            { type: 'put', key: `${at.prefix}b`, value: '2', revision: second },
          ],
        },
      ])
    })

    test('the deletion of what is not there is no event', async () => {
      const { revision: start } = await at.store.snapshot(at.prefix)
      const revision = await write(at.store, del(`${at.prefix}a`))
      expect(revision).toBe(start)
      await write(at.store, put(`${at.prefix}b`, '1'))
      const batches = await watchUntil(at.store, at.prefix, start, (all) => all.length > 0)
      expect(eventsOf(batches)).toEqual([
        { type: 'put', key: `${at.prefix}b`, value: '1', revision: start + 1 },
      ])
    })

    test('tells what happens after it began, and only below its prefix', async () => {
      const { revision } = await at.store.snapshot(at.prefix)
      const watching = watchUntil(at.store, `${at.prefix}mine/`, revision, (all) => eventsOf(all).length >= 2)
      await write(at.store, put(`${at.prefix}other`, '1'))
      await write(at.store, put(`${at.prefix}mine/a`, '1'), put(`${at.prefix}mine`, '1'))
      await write(at.store, put(`${at.prefix}mine/b`, '2'))
      expect(eventsOf(await watching).map(({ key }) => key)).toEqual([
        `${at.prefix}mine/a`,
        `${at.prefix}mine/b`,
      ])
    })

    test('ends when its signal aborts', async () => {
      const { revision } = await at.store.snapshot(at.prefix)
      const end = new AbortController()
      const told: WatchBatch[] = []
      const watching = (async () => {
        for await (const batch of at.store.watch(at.prefix, revision, end.signal)) told.push(batch)
      })()
      end.abort()
      await watching
      expect(told).toEqual([])
    })

    test('says so when what comes next was compacted, and ends', async () => {
      const first = await write(at.store, put(`${at.prefix}a`, '1'))
      let latest = first
      for (let n = 2; n <= 5; n++) latest = await write(at.store, put(`${at.prefix}a`, `${n}`))
      await backend.compact(at.store, latest)

      const told: WatchBatch[] = []
      for await (const batch of at.store.watch(at.prefix, first, new AbortController().signal))
        told.push(batch)

      expect(told).toEqual([{ type: 'compacted' }])
      await write(at.store, put(`${at.prefix}a`, '6'))
      const batches = await watchUntil(at.store, at.prefix, latest, (all) => all.length > 0)
      expect(eventsOf(batches)).toMatchObject([{ value: '6' }])
    })
  })
}
