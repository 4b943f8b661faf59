import { describe, expect, test } from 'vitest'
import { BUGS, simulate, type Bug, type Outcome } from './index.js'

const SEEDS = 200
/** Every deliberate bug is found within so many seeds. */
const BUG_SEEDS = 25

/** Lives through seeds from 1 on, until one violates a rule. */
async function firstViolation(seeds: number, bug?: Bug): Promise<Outcome | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    const outcome = await simulate({ seed, ...(bug && { bug }) })
    if (outcome.violation) return outcome
  }
  return undefined
}

function told({ seed, violation, trace }: Outcome): string {
  const replay = `npm run sim -- --from ${seed} --seeds 1 --trace`
  return [`"${violation?.rule}": ${violation?.detail}`, `replay: ${replay}`, ...trace.slice(-40)].join('\n')
}

describe('the simulator', () => {
  test(`finds no violated rule in ${SEEDS} seeds`, async () => {
    const outcome = await firstViolation(SEEDS)
    expect(outcome && told(outcome)).toBeUndefined()
  })

  test('replays a seed exactly', async () => {
    for (const seed of [3, 8]) {
      const [one, other] = [await simulate({ seed }), await simulate({ seed })]
      expect(other.hash).toBe(one.hash)
      expect(other.trace).toEqual(one.trace)
      expect(one.trace.length).toBeGreaterThan(50)
    }
  })

  test('lives different lives with different seeds', async () => {
    const hashes = new Set<string>()
    for (let seed = 1; seed <= 5; seed++) hashes.add((await simulate({ seed })).hash)
    expect(hashes.size).toBe(5)
  })
})

/** The rules that may be the first to notice. */
const NOTICED_BY: Readonly<Record<Bug, readonly string[]>> = {
  'no-fencing': ['no write by a deposed primary'],
  'restart-ignores-delay': ['restarts are delayed'],
  'status-backwards': ['tasks only move forward'],
  'scheduler-ignores-reservations': ['nodes are not over-committed'],
  'reaper-deletes-live-spec': ['references are whole'],
  'update-ignores-parallelism': ['parallelism is kept'],
  'start-first-stops-too-early': ['never below capacity', 'parallelism is kept'],
  'stop-lies': ['containers follow their tasks'],
  'lost-ends': ['everything converges'],
  'room-released-too-early': ['nodes are not over-committed'],
}

describe(`within ${BUG_SEEDS} seeds the simulator finds the deliberate bug`, () => {
  test.each(BUGS)('%s', async (bug) => {
    const outcome = await firstViolation(BUG_SEEDS, bug)
    expect(NOTICED_BY[bug]).toContain(outcome?.violation?.rule)
  })
})
