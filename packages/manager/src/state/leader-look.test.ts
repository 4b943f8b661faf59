import { settle } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { ShoalError } from '@shoal/common'
import { MemoryStore } from '../store/memory.js'
import { LeaderLook } from './leader-look.js'

const KEY = '/shoal/c/leader'

/** A leader, and a store that answers when the test says so. */
async function givenLeader() {
  const store = new MemoryStore()
  const lead = () => store.commit({ compares: [], operations: [{ type: 'put', key: KEY, value: '{}' }] })
  const { revision } = (await lead()) as { revision: number }
  const waiting: (() => void)[] = []
  const snapshot = store.snapshot.bind(store)
  store.snapshot = async (prefix) => {
    await new Promise<void>((resolve) => waiting.push(resolve))
    return snapshot(prefix)
  }
  return { store, lead, waiting, look: new LeaderLook(store, { key: KEY, revision }) }
}

test('those who ask together share a look; who asks when it has begun gets another', async () => {
  const { look, waiting } = await givenLeader()
  const first = [look.holds(), look.holds()]
  await settle()
  expect(waiting).toHaveLength(1)
  const later = look.holds()
  waiting[0]?.()
  expect(await Promise.all(first)).toEqual([true, true])
  await settle()
  expect(waiting).toHaveLength(2)
  waiting[1]?.()
  expect(await later).toBe(true)
})

test('one that was replaced while a look was under way is found out by the next', async () => {
  const { look, lead, waiting } = await givenLeader()
  const first = look.holds()
  await settle()
  waiting[0]?.()
  expect(await first).toBe(true)
  await lead()
  const second = look.holds()
  await settle()
  waiting[1]?.()
  expect(await second).toBe(false)
})

test('a store that does not answer is told of, and the next one asks again', async () => {
  const { look, store, waiting } = await givenLeader()
  const answer = store.snapshot.bind(store)
  store.snapshot = () => Promise.reject(new ShoalError('unavailable', 'away'))
  await expect(look.holds()).rejects.toThrow('away')
  store.snapshot = answer
  const again = look.holds()
  await settle()
  waiting[0]?.()
  expect(await again).toBe(true)
})
