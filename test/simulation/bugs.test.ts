import { describe, expect, test } from 'vitest'
import { BUG_SEEDS, HARMLESS_SEEDS, isAsExpected } from './bugs/expectations.js'
import { BUGS, HARMLESS } from './index.js'
import { firstViolation, told } from './testing/lives.js'

describe(`within ${BUG_SEEDS} seeds the simulator finds the deliberate bug`, () => {
  test.each(BUGS)('%s', async (bug) => {
    const outcome = await firstViolation(BUG_SEEDS, bug)
    expect(isAsExpected(bug, outcome) || (outcome ? told(outcome, bug) : 'it was not found')).toBe(true)
  })
})

describe('for the store fences every write, no harm is done by', () => {
  test.each(HARMLESS)('%s', async (bug) => {
    const outcome = await firstViolation(HARMLESS_SEEDS, bug)
    expect(outcome && told(outcome, bug)).toBeUndefined()
  })
})
