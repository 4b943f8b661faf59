import type { Outcome } from '../simulate.js'
import { BUGS, type Bug } from './index.js'

/** Every deliberate bug is found within so many seeds. */
export const BUG_SEEDS = 50
/** What does no harm does none in so many seeds. */
export const HARMLESS_SEEDS = 40

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

/** In how many seeds, from the first on, a bug has to be found; or, what does no harm, has to do none. */
export function seedsFor(bug: Bug): number {
  return isHarmful(bug) ? BUG_SEEDS : HARMLESS_SEEDS
}

/**
 * @param outcome the first with a violation; undefined when there was none
 * @returns whether that is what is expected of the bug: found, by a rule that is meant to; or harmless
 */
export function isAsExpected(bug: Bug, outcome: Outcome | undefined): boolean {
  const rule = outcome?.violation?.rule
  return isHarmful(bug) ? rule !== undefined && NOTICED_BY[bug].includes(rule) : rule === undefined
}

function isHarmful(bug: Bug): bug is (typeof BUGS)[number] {
  return bug in NOTICED_BY
}
