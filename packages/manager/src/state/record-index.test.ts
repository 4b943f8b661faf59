import { expect, test } from 'vitest'
import { RecordIndex } from './record-index.js'

interface Item {
  readonly color: string | undefined
}

/** A table of so many red items, and the index by their color. */
function scene(count: number) {
  const table = new Map<string, Item>()
  const byColor = new RecordIndex<Item>(table, ({ color }) => color)
  const set = (slot: string, color: string | undefined): void => {
    const before = table.get(slot)
    const after = { color }
    table.set(slot, after)
    byColor.update(slot, before, after)
  }
  const remove = (slot: string): void => {
    const before = table.get(slot)
    table.delete(slot)
    byColor.update(slot, before, undefined)
  }
  for (let at = 0; at < count; at++) set(`i${at}`, 'red')
  return { byColor, set, remove }
}

/** Few, as many as are kept in an array at the most, one more, and many. */
const SIZES = [1, 16, 17, 100]

test.each(SIZES)('of %i records that are found, one goes to another group and one is removed', (count) => {
  const { byColor, set, remove } = scene(count)
  set('i0', 'blue')
  remove(`i${count - 1}`)
  expect([...byColor.get('red')]).toHaveLength(Math.max(0, count - 2))
  expect([...byColor.get('blue')]).toHaveLength(count === 1 ? 0 : 1)
})

test.each(SIZES)('a group of %i is forgotten with its last record', (count) => {
  const { byColor, remove } = scene(count)
  expect([...byColor.groups()]).toEqual(['red'])
  for (let at = 0; at < count; at++) remove(`i${at}`)
  expect([...byColor.groups()]).toEqual([])
})

test.each(SIZES)(
  'of %i records those that go while somebody walks by are passed over, and no other',
  (count) => {
    const { byColor, remove } = scene(count)
    let seen = 0
    for (const item of byColor.get('red')) {
      expect(item).toEqual({ color: 'red' })
      if (seen === 0) remove('i0')
      if (seen === 0 && count > 2) remove('i2')
      seen++
    }
    expect(seen).toBe(count > 2 ? count - 1 : count)
  },
)

test('what belongs to no group is in none', () => {
  const { byColor, set } = scene(1)
  set('i0', undefined)
  expect([...byColor.groups()]).toEqual([])
})
