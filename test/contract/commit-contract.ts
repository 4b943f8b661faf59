import { MAX_TRANSACTION_OPERATIONS } from '@shoal/manager/store/contract'
import { describe, expect, test } from 'vitest'
import { del, put, refusal, valuesOf, write, type Backend, type Stage } from './tools.js'

/** What every backend does with transactions and snapshots. */
export function describeCommits(at: Stage, backend: Backend): void {
  describe('commit', () => {
    test('what was put is there, with the revision of its write', async () => {
      const revision = await write(at.store, put(`${at.prefix}a`, '{"n":1}'))
      const snapshot = await at.store.snapshot(at.prefix)
      expect(snapshot.entries).toEqual([{ key: `${at.prefix}a`, value: '{"n":1}', revision }])
      expect(snapshot.revision).toBeGreaterThanOrEqual(revision)
    })

    test('text of any kind comes back unchanged', async () => {
      const value = '{"é":"\\n 0 1 日本 🐟"}'
      await write(at.store, put(`${at.prefix}ключ 1`, value), put(`${at.prefix}empty`, ''))
      expect(await valuesOf(at.store, at.prefix)).toEqual({ 'ключ 1': value, empty: '' })
    })

    test('revisions grow by one with each transaction, and all of its keys share it', async () => {
      const first = await write(at.store, put(`${at.prefix}a`, '1'), put(`${at.prefix}b`, '1'))
      const second = await write(at.store, put(`${at.prefix}b`, '2'))
      expect(second).toBe(first + 1)
      const { entries } = await at.store.snapshot(at.prefix)
      expect(new Map(entries.map(({ key, revision }) => [key, revision]))).toEqual(
        new Map([
          [`${at.prefix}a`, first],
          [`${at.prefix}b`, second],
        ]),
      )
    })

    test('a compare holds only for the revision of the latest write', async () => {
      const key = `${at.prefix}a`
      const first = await write(at.store, put(key, '1'))
      const second = await write(at.store, put(key, '2'))
      const swap = (revision: number) =>
        at.store.commit({ compares: [{ key, revision }], operations: [put(key, `after ${revision}`)] })

      expect(await swap(first)).toEqual({ committed: false })
      expect(await swap(0)).toEqual({ committed: false })
      expect(await swap(second)).toEqual({ committed: true, revision: second + 1 })
      expect(await valuesOf(at.store, at.prefix)).toEqual({ a: `after ${second}` })
    })

    test('0 holds for a key that never was, and for one that was deleted', async () => {
      const key = `${at.prefix}a`
      const create = (value: string) =>
        at.store.commit({ compares: [{ key, revision: 0 }], operations: [put(key, value)] })
      expect(await create('1')).toMatchObject({ committed: true })
      expect(await create('2')).toEqual({ committed: false })
      await write(at.store, del(key))
      expect(await create('3')).toMatchObject({ committed: true })
      expect(await valuesOf(at.store, at.prefix)).toEqual({ a: '3' })
    })

    test('when one compare of many fails, nothing is written', async () => {
      const revision = await write(at.store, put(`${at.prefix}a`, '1'), put(`${at.prefix}c`, '1'))
      const result = await at.store.commit({
        compares: [
          { key: `${at.prefix}a`, revision },
          { key: `${at.prefix}b`, revision },
        ],
        operations: [put(`${at.prefix}a`, '2'), put(`${at.prefix}b`, '2'), del(`${at.prefix}c`)],
      })
      expect(result).toEqual({ committed: false })
      expect(await valuesOf(at.store, at.prefix)).toEqual({ a: '1', c: '1' })
    })

    test('of writers that compare the same revision, one wins', async () => {
      const key = `${at.prefix}counter`
      await write(at.store, put(key, '0'))
      const increment = async (): Promise<void> => {
        for (;;) {
          const [entry] = (await at.store.snapshot(key)).entries
          if (!entry) throw new Error('the counter is gone')
          const value = String(Number(entry.value) + 1)
          const compares = [{ key, revision: entry.revision }]
          if ((await at.store.commit({ compares, operations: [put(key, value)] })).committed) return
        }
      }
      await Promise.all(Array.from({ length: 10 }, increment))
      expect(await valuesOf(at.store, at.prefix)).toEqual({ counter: '10' })
    })

    test(`a transaction takes ${MAX_TRANSACTION_OPERATIONS} compares and operations, not one more`, async () => {
      const transaction = (count: number) => {
        const keys = Array.from({ length: count }, (_, i) => `${at.prefix}${i}`)
        return {
          compares: keys.map((key) => ({ key, revision: 0 })),
          operations: keys.map((key) => put(key, 'x')),
        }
      }
      const tooMany = transaction(MAX_TRANSACTION_OPERATIONS + 1)
      await expect(at.store.commit(tooMany)).rejects.toEqual(refusal('invalid-argument'))
      await expect(at.store.commit({ ...tooMany, operations: [] })).rejects.toEqual(
        refusal('invalid-argument'),
      )
      expect(await valuesOf(at.store, at.prefix)).toEqual({})

      await at.store.commit(transaction(MAX_TRANSACTION_OPERATIONS))
      expect(Object.keys(await valuesOf(at.store, at.prefix))).toHaveLength(MAX_TRANSACTION_OPERATIONS)
    })

    test.each([
      ['a key that is named twice', (key: string) => [put(key, '1'), del(key)]],
      ['an empty key', () => [put('', '1')]],
    ])('%s is refused', async (_name, operationsOf) => {
      const operations = operationsOf(`${at.prefix}a`)
      await expect(at.store.commit({ compares: [], operations })).rejects.toEqual(refusal('invalid-argument'))
    })

    test('a closed store is unavailable', async () => {
      const other = await backend.open().catch(() => undefined)
      const closed = other ?? at.store
      await closed.close()
      await expect(write(closed, put(`${at.prefix}a`, '1'))).rejects.toEqual(refusal('unavailable'))
      await expect(closed.snapshot(at.prefix)).rejects.toEqual(refusal('unavailable'))
      if (!other) at.store = await backend.open()
    })
  })

  describe('snapshot', () => {
    test('shows what is below its prefix, and nothing else', async () => {
      await write(
        at.store,
        put(`${at.prefix}a/1`, '1'),
        put(`${at.prefix}a/2`, '2'),
        put(`${at.prefix}ab`, '3'),
        put(`${at.prefix}b`, '4'),
      )
      expect(await valuesOf(at.store, `${at.prefix}a/`)).toEqual({ 1: '1', 2: '2' })
      expect(Object.keys(await valuesOf(at.store, `${at.prefix}a`))).toEqual(
        expect.arrayContaining(['/1', '/2', 'b']),
      )
      expect(await valuesOf(at.store, `${at.prefix}none`)).toEqual({})
    })

    test('of thousands of keys is complete and of one revision, while others write', async () => {
      for (let page = 0; page < 24; page++) {
        await write(at.store, ...Array.from({ length: 100 }, (_, i) => put(`${at.prefix}k${page}-${i}`, '0')))
      }
      const enough = new AbortController()
      // Both keys always carry the same value: a snapshot that sees them differ mixes two revisions.
      const writer = (async () => {
        for (let n = 1; !enough.signal.aborted; n++)
          await write(at.store, put(`${at.prefix}a`, `${n}`), put(`${at.prefix}z`, `${n}`))
      })()
      const snapshots = [await at.store.snapshot(at.prefix), await at.store.snapshot(at.prefix)]
      enough.abort()
      await writer

      for (const { entries, revision } of snapshots) {
        const values = new Map(entries.map(({ key, value }) => [key.slice(at.prefix.length), value]))
        expect([...values.keys()].filter((key) => key.startsWith('k'))).toHaveLength(2400)
        expect(values.get('a')).toBe(values.get('z'))
        expect(Math.max(...entries.map((entry) => entry.revision))).toBeLessThanOrEqual(revision)
      }
    })
  })
}
