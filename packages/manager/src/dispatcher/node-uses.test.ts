import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { NodeUses } from './node-uses.js'

test('what agents measured is known until it is old', async () => {
  const clock = new VirtualClock()
  const uses = new NodeUses(clock)
  expect(uses.of('n1')).toBeUndefined()
  uses.note('n1', { cpus: 1, memoryBytes: 2 })
  const latest = { cpus: 1.5, memoryBytes: 0 }
  uses.note('n1', latest)
  await clock.advanceAsync(5 * 60_000)
  expect(uses.of('n1')).toBe(latest)
  await clock.advanceAsync(1)
  expect(uses.of('n1')).toBeUndefined()
})

test.each([
  { cpus: -1, memoryBytes: 0 },
  { cpus: Number.NaN, memoryBytes: 0 },
  { cpus: 0, memoryBytes: Infinity },
])('what cannot be is refused: %j', (use) => {
  expect(() => new NodeUses(new VirtualClock()).note('n1', use)).toThrow('malformed measure of use')
})
