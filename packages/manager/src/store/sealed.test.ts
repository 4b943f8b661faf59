import { seededRandom } from '@shoal/common'
import { describe, expect, test } from 'vitest'
import { isConfidential } from '../state/keys.js'
import type { WatchBatch } from './contract.js'
import { MemoryStore } from './memory.js'
import { SEAL_KEY_BYTES, SealedStore } from './sealed.js'

const SECRET = '/shoal/c1/secrets/s1'
const TASK = '/shoal/c1/tasks/t1'
const random = seededRandom(1)

function sealing(beneath: MemoryStore, fill = 1): SealedStore {
  return new SealedStore(beneath, { key: Buffer.alloc(SEAL_KEY_BYTES, fill), isConfidential, random })
}

const put = (key: string, value: string) => ({
  compares: [],
  operations: [{ type: 'put' as const, key, value }],
})

async function valueOf(store: MemoryStore | SealedStore, key: string): Promise<string | undefined> {
  return (await store.snapshot(key)).entries[0]?.value
}

describe('what is confidential', () => {
  test.each([
    ['/shoal/c1/cluster', true],
    [SECRET, true],
    ['/shoal/c1/specs/s/1', true],
    ['/shoal/c1/services/s', true],
    [TASK, false],
    ['/shoal/c1/leader', false],
    ['/shoal/c1/managers/m1', false],
    ['/shoal/c1/chain', false],
  ])('%s: %s', (key, expected) => {
    expect(isConfidential(key)).toBe(expected)
  })
})

describe('given a store that seals', () => {
  test('when a secret is written, then only who has the key reads it', async () => {
    const beneath = new MemoryStore()
    await sealing(beneath).commit(put(SECRET, '{"Data":"aGVsbG8="}'))
    expect(await valueOf(beneath, SECRET)).not.toContain('aGVsbG8=')
    expect(await valueOf(sealing(beneath), SECRET)).toBe('{"Data":"aGVsbG8="}')
    await expect(sealing(beneath, 2).snapshot(SECRET)).rejects.toMatchObject({ code: 'failed-precondition' })
  })

  test('when one value is written twice, then nobody sees that it is the same', async () => {
    const beneath = new MemoryStore()
    const store = sealing(beneath)
    await store.commit(put(SECRET, 'same'))
    const first = await valueOf(beneath, SECRET)
    await store.commit(put(SECRET, 'same'))
    expect(await valueOf(beneath, SECRET)).not.toBe(first)
  })

  test('when a task is written, then it lies there in clear', async () => {
    const beneath = new MemoryStore()
    await sealing(beneath).commit(put(TASK, '{"ID":"t1"}'))
    expect(await valueOf(beneath, TASK)).toBe('{"ID":"t1"}')
  })

  test('when a sealed value is put under another key, then it is not believed', async () => {
    const beneath = new MemoryStore()
    await sealing(beneath).commit(put(SECRET, 'x'))
    const stolen = (await valueOf(beneath, SECRET)) ?? ''
    await beneath.commit(put('/shoal/c1/secrets/s2', stolen))
    await expect(sealing(beneath).snapshot('/shoal/c1/secrets/s2')).rejects.toThrow('cannot be read')
  })

  test('when somebody watches, then the values come opened', async () => {
    const beneath = new MemoryStore()
    const store = sealing(beneath)
    const { revision } = await store.snapshot('/shoal/')
    await store.commit(put(SECRET, 'x'))
    const end = new AbortController()
    const batches: WatchBatch[] = []
    for await (const batch of store.watch('/shoal/', revision, end.signal)) {
      batches.push(batch)
      end.abort()
    }
    expect(batches).toMatchObject([{ events: [{ key: SECRET, value: 'x' }] }])
  })
})
