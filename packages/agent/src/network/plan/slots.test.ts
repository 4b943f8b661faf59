import { expect, test } from 'vitest'
import { slotsFor } from './slots.js'

test('endpoints of equal weight get one slot each', () => {
  expect(slotsFor(['a', 'b', 'c'].map((target) => ({ target, weight: 5 })))).toEqual(['a', 'b', 'c'])
})

test('slots are in proportion to the weights, and take turns', () => {
  const slots = slotsFor([
    { target: 'a', weight: 3 },
    { target: 'b', weight: 1 },
  ])
  expect(slots).toEqual(['a', 'a', 'b', 'a'])
})

test('weights beyond measure stay a bounded number of slots, and nobody is left out', () => {
  const slots = slotsFor([
    { target: 'a', weight: 999_983 },
    { target: 'b', weight: 1 },
  ])
  expect(slots.length).toBeLessThanOrEqual(257)
  expect(slots).toContain('b')
})

test('weight 0 gets nothing, unless there is nobody else', () => {
  expect(
    slotsFor([
      { target: 'a', weight: 0 },
      { target: 'b', weight: 2 },
    ]),
  ).toEqual(['b'])
  expect(slotsFor([{ target: 'a', weight: 0 }])).toEqual(['a'])
})
