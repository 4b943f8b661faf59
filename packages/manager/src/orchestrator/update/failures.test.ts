import { expect, test } from 'vitest'
import type { Rollout } from '../../state/records.js'
import { aTask } from '../../state/testing/index.js'
import { scored } from './failures.js'

const rollout: Rollout = {
  StartedAtMs: 0,
  Total: 4,
  Batch: ['1', '2'],
  Failures: 1,
  Failed: ['old'],
  Stuck: ['4'],
}

test('a failed task counts once, and its slot has had its turn', () => {
  const failed = [aTask('t', { Slot: 2 })]
  const after = scored(rollout, failed)
  expect(after).toMatchObject({ Failures: 2, Failed: ['t'], Batch: ['1'], Stuck: ['4', '2'] })
  expect(scored(after, failed)).toBe(after)
})

test('the next failure in the same slot counts again', () => {
  const after = scored(scored(rollout, [aTask('t', { Slot: 2 })]), [aTask('u', { Slot: 2 })])
  expect(after).toMatchObject({ Failures: 3, Failed: ['u'], Stuck: ['4', '2'] })
})
