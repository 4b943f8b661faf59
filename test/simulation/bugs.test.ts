import { describe, expect, test } from 'vitest'
import { BUGS, HARMLESS } from './index.js'
import { firstViolation, told } from './testing/lives.js'

/** Every deliberate bug is found within so many seeds. */
const BUG_SEEDS = 50
/** What does no harm does none in so many seeds. */
const HARMLESS_SEEDS = 40

/** The rules that may be the first to notice. */
const NOTICED_BY: Readonly<Record<(typeof BUGS)[number], readonly string[]>> = {
  'no-fencing': ['no write by a deposed primary'],
  'restart-ignores-delay': ['restarts are delayed'],
  'status-backwards': ['tasks only move forward'],
  'scheduler-ignores-reservations': ['nodes are not over-committed'],
  'reaper-deletes-live-spec': ['references are whole'],
  'update-ignores-parallelism': ['parallelism is kept'],
  'update-ignores-delay': ['rollouts keep their clock'],
  'start-first-stops-too-early': ['never below capacity', 'parallelism is kept'],
  'stop-lies': ['containers follow their tasks'],
  'lost-ends': ['everything converges'],
  'room-released-too-early': ['nodes are not over-committed'],
  'address-released-too-early': ['no address is given twice'],
  'loops-outlive-their-term': ['nothing outlives its term', 'everything converges'],
  'takeover-forgets-rollouts': ['rollouts keep their clock'],
  // A memory that lacks something makes decisions of every kind wrong.
  'watch-runs-ahead': [
    'no address is given twice',
    'no port is published twice',
    'every manager remembers what is stored',
    'names are unique',
    'one task in a slot',
    'everything converges',
  ],
}

describe(`within ${BUG_SEEDS} seeds the simulator finds the deliberate bug`, () => {
  test.each(BUGS)('%s', async (bug) => {
    const outcome = await firstViolation(BUG_SEEDS, bug)
    expect(NOTICED_BY[bug]).toContain(outcome?.violation?.rule)
  })
})

describe('for the store fences every write, no harm is done by', () => {
  test.each(HARMLESS)('%s', async (bug) => {
    const outcome = await firstViolation(HARMLESS_SEEDS, bug)
    expect(outcome && told(outcome, bug)).toBeUndefined()
  })
})
