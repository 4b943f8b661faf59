import type { BackupRecord } from '@shoal/common/backup'
import { describe, expect, test } from 'vitest'
import { chainKey, leaderKey, managersPrefix, transferKey } from '../state/keys.js'
import type { Store } from '../store/contract.js'
import { MemoryStore } from '../store/memory.js'
import { checkSizes, fillPrefix, finishTransfer, inspectPrefix, LARGEST_RECORD_BYTES } from './fill.js'
import { readCluster } from './read.js'

const SINCE = '2026-01-01T00:00:00Z'
const many = (count: number, size = 10): BackupRecord[] =>
  Array.from({ length: count }, (_, index) => ({ key: `kind/${index}`, value: `${index}`.padEnd(size, 'x') }))

async function contentOf(store: Store, cluster = 'c1'): Promise<readonly BackupRecord[]> {
  return (await readCluster(store, cluster, { nowMs: 0, release: '' })).records
}
const put = (store: Store, ...keys: string[]) =>
  store.commit({ compares: [], operations: keys.map((key) => ({ type: 'put', key, value: 'v' })) })

/** A store in which something happens before the n-th commit. */
function interrupted(store: Store, n: number, event: () => Promise<void> | void): Store {
  let commits = 0
  return {
    snapshot: (prefix) => store.snapshot(prefix),
    watch: (prefix, revision, signal) => store.watch(prefix, revision, signal),
    grantLease: (ttlMs) => store.grantLease(ttlMs),
    close: () => store.close(),
    commit: async (transaction) => {
      if (++commits === n) await event()
      return store.commit(transaction)
    },
  }
}
const crash = (): never => {
  throw new Error('crashed')
}

describe('what goes along with a cluster', () => {
  test('is every key of it, of kinds that nobody has thought of yet too, but none of the moment', async () => {
    const store = new MemoryStore()
    await put(
      store,
      '/shoal/c1/cluster',
      '/shoal/c1/tasks/t1',
      '/shoal/c1/of-tomorrow/x',
      '/shoal/c2/cluster',
    )
    await put(store, leaderKey('c1'), chainKey('c1'), transferKey('c1'), `${managersPrefix('c1')}m1`)
    const backup = await readCluster(store, 'c1', { nowMs: 0, release: '0.1.0' })
    expect(backup.records.map(({ key }) => key)).toEqual(['cluster', 'tasks/t1', 'of-tomorrow/x'])
    expect(backup.header).toMatchObject({ cluster: 'c1', release: '0.1.0', revision: 3 })
  })
})

describe('a store is filled', () => {
  test('given an empty prefix, then all is there, marked until a manager takes it over', async () => {
    const store = new MemoryStore()
    const records = many(500)
    await fillPrefix(store, 'c1', records, SINCE)
    expect(await contentOf(store)).toEqual(records)
    expect((await inspectPrefix(store, 'c1')).kind).toBe('abandoned')
    await finishTransfer(store, 'c1')
    expect(await inspectPrefix(store, 'c1')).toEqual({ kind: 'in-use', keys: 500 })
    await finishTransfer(store, 'c1')
    expect(await contentOf(store)).toEqual(records)
  })

  test('given large records, then no transaction is larger than etcd takes', async () => {
    const store = new MemoryStore()
    const sizes: number[] = []
    const watched: Store = {
      ...interrupted(store, 0, crash),
      commit: (transaction) => {
        sizes.push(JSON.stringify(transaction).length)
        return store.commit(transaction)
      },
    }
    await fillPrefix(watched, 'c1', many(20, 300_000), SINCE)
    expect(Math.max(...sizes)).toBeLessThan(1_400_000)
    expect(await contentOf(store)).toHaveLength(20)
  })

  test('given a cluster in use there, then it is refused and nothing is touched', async () => {
    const store = new MemoryStore()
    await put(store, '/shoal/c1/cluster')
    await expect(fillPrefix(store, 'c1', many(3), SINCE)).rejects.toMatchObject({
      code: 'failed-precondition',
    })
    expect(await contentOf(store)).toEqual([{ key: 'cluster', value: 'v' }])
  })

  test('given another cluster in the same store, then they do not meet', async () => {
    const store = new MemoryStore()
    await put(store, '/shoal/c2/cluster', '/shoal/c11/cluster')
    await fillPrefix(store, 'c1', many(3), SINCE)
    expect(await contentOf(store, 'c2')).toHaveLength(1)
    expect(await contentOf(store, 'c11')).toHaveLength(1)
  })

  test('given a crash between any two of its writes, then nobody may use what is there, and it can be begun anew', async () => {
    const before = many(300)
    const now = [...many(5, 20), { key: 'kind/new', value: 'n' }]
    for (let n = 2; n <= 5; n++) {
      const store = new MemoryStore()
      await expect(fillPrefix(interrupted(store, n, crash), 'c1', before, SINCE)).rejects.toThrow('crashed')
      await expect(finishTransfer(store, 'c1')).rejects.toMatchObject({ code: 'failed-precondition' })
      await fillPrefix(store, 'c1', now, SINCE)
      expect(await contentOf(store)).toEqual(now)
    }
  })

  test('given a crash after the last write, then it can be begun anew all the same', async () => {
    const store = new MemoryStore()
    await fillPrefix(store, 'c1', many(300), SINCE)
    await fillPrefix(store, 'c1', many(2), SINCE)
    expect(await contentOf(store)).toEqual(many(2))
  })

  test('given another transfer that begins meanwhile, then the first one writes nothing more', async () => {
    const store = new MemoryStore()
    const second = many(2, 20)
    const first = interrupted(store, 3, () => fillPrefix(store, 'c1', second, SINCE))
    await expect(fillPrefix(first, 'c1', many(300), SINCE)).rejects.toMatchObject({ code: 'conflict' })
    expect(await contentOf(store)).toEqual(second)
  })

  test.each([
    [
      'lacks a record',
      (store: Store) =>
        store.commit({ compares: [], operations: [{ type: 'delete', key: '/shoal/c1/kind/1' }] }),
    ],
    ['holds another text', (store: Store) => put(store, '/shoal/c1/kind/1')],
    ['holds a key too many', (store: Store) => put(store, '/shoal/c1/kind/more')],
  ])('given a store that %s afterwards, then the transfer does not count', async (_what, damage) => {
    const store = new MemoryStore()
    // The last but one of its steps is to look; the last writes.
    const lying: Store = {
      ...interrupted(store, 0, crash),
      snapshot: async (prefix) => {
        if ((await store.snapshot('/shoal/c1/kind')).entries.length > 0) await damage(store)
        return store.snapshot(prefix)
      },
    }
    await expect(fillPrefix(lying, 'c1', many(3), SINCE)).rejects.toMatchObject({ code: 'internal' })
    await expect(finishTransfer(store, 'c1')).rejects.toMatchObject({ code: 'failed-precondition' })
  })

  test('given a record that etcd would not take, then its key is named before anything begins', () => {
    expect(() => checkSizes(many(2))).not.toThrow()
    const large = [{ key: 'configs/large', value: 'x'.repeat(LARGEST_RECORD_BYTES + 1) }]
    expect(() => checkSizes(large)).toThrow('configs/large has 1400001 bytes')
  })
})
