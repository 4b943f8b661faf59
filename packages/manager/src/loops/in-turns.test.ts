import type { Clock } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { inTurns } from './in-turns.js'

test('others get their turn while very many items are worked on, and what goes meanwhile is left out', async () => {
  const clock = new VirtualClock()
  let nowMs = 0
  const onSlowMachine: Clock = {
    now: () => (nowMs += 20),
    setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
  }
  const items = new Set(Array.from({ length: 100 }, (_, index) => index))
  const done: number[] = []
  const working = inTurns(onSlowMachine, items, (item) => done.push(item))
  expect(done).toHaveLength(16)
  items.delete(90)
  await clock.advanceAsync(1)
  await working
  expect(done).toHaveLength(99)
})

test('little work is done at once', async () => {
  const done: string[] = []
  const working = inTurns(new VirtualClock(), ['a', 'b'], (item) => done.push(item))
  expect(done).toEqual(['a', 'b'])
  await working
})
