import { isAsExpected, seedsFor } from './bugs/expectations.js'
import { ALL_BUGS, type Bug } from './bugs/index.js'
import type { Outcome } from './simulate.js'
import { sweep } from './sweep.js'

/** What became of the hunt for one deliberate bug. */
export interface Quarry {
  readonly bug: Bug
  /** The first violation that was met. */
  readonly outcome: Outcome | undefined
  /** How many seeds it may take. */
  readonly seeds: number
  readonly isAsExpected: boolean
}

export interface HuntOptions {
  /** How many threads work at the same time. */
  readonly jobs: number
  readonly onQuarry: (quarry: Quarry) => void
}

/** Hunts every deliberate bug, one after the other, from the first seed on. */
export async function hunt({ jobs, onQuarry }: HuntOptions): Promise<void> {
  for (const bug of ALL_BUGS) {
    const seeds = seedsFor(bug)
    const outcome = await firstViolation(bug, seeds, jobs)
    onQuarry({ bug, outcome, seeds, isAsExpected: isAsExpected(bug, outcome) })
  }
}

/** Of threads that find one at the same time, the earlier seed counts. */
async function firstViolation(bug: Bug, seeds: number, jobs: number): Promise<Outcome | undefined> {
  let first: Outcome | undefined
  const onOutcome = (outcome: Outcome): boolean => {
    if (outcome.violation && outcome.seed < (first?.seed ?? Infinity)) first = outcome
    return first === undefined
  }
  await sweep({ from: 1, seeds, jobs, bug, onOutcome })
  return first
}
