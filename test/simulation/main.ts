// `npm run sim`: exit code 0 only without a violation.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { messageOf, systemClock } from '@shoal/common'
import { hunt, type Quarry } from './hunt.js'
import { ALL_BUGS, replayCommand, type Bug, type Outcome } from './index.js'
import { sweep } from './sweep.js'

const USAGE = `usage: npm run sim -- [--seeds N] [--from N] [--jobs N] [--trace] [--keep-going] [--bug NAME | --bugs]

Lives through random lives of simulated clusters, one per seed, and looks whether a safety rule is violated.

  --seeds N      how many seeds (1000)
  --from N       the first of them (1)
  --jobs N       how many threads work at the same time (one for each core)
  --trace        tell everything that happens in each life
  --keep-going   go on after a violation, and name all of them without their traces
  --bugs         hunt all deliberate bugs after it: each has to be found
  --bug NAME     with a deliberate bug: ${ALL_BUGS.join(', ')}`

/** So many lines before a violation are shown. */
const LINES = 60
/** How often progress is told, in milliseconds. */
const PROGRESS_MS = 15_000

interface Order {
  readonly from: number
  readonly seeds: number
  readonly jobs: number
  readonly trace: boolean
  readonly keepGoing: boolean
  readonly bug: Bug | undefined
  readonly huntsBugs: boolean
}

/** @throws Error when the arguments make no sense */
function readOrder(): Order {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      trace: { type: 'boolean', default: false },
      bug: { type: 'string' },
      bugs: { type: 'boolean', default: false },
      'keep-going': { type: 'boolean', default: false },
    },
  })
  const [seeds, from, jobs] = [values.seeds, values.from, values.jobs].map(Number)
  const bug = ALL_BUGS.find((name) => name === values.bug)
  if (values.bug !== undefined && !bug) throw new Error(`there is no bug called ${values.bug}`)
  if (!isCount(seeds) || !isCount(from) || !isCount(jobs)) throw new Error('seeds are counted from 1')
  const { trace, bugs: huntsBugs, 'keep-going': keepGoing } = values
  if (bug && huntsBugs) throw new Error('either one deliberate bug, or the hunt for all of them')
  return { from, seeds, jobs, trace, keepGoing, bug, huntsBugs }
}

function isCount(number: number | undefined): number is number {
  return Number.isInteger(number) && (number ?? 0) >= 1
}

/** What has come out so far. */
class Tally {
  readonly #order: Order
  readonly #startMs = systemClock.now()
  #toldMs = this.#startMs
  #simulatedMs = 0
  #done = 0
  #violations = 0

  constructor(order: Order) {
    this.#order = order
  }

  get violations(): number {
    return this.#violations
  }

  /** @returns whether to go on */
  readonly hear = (outcome: Outcome): boolean => {
    const { trace, keepGoing, seeds } = this.#order
    this.#done++
    this.#simulatedMs += outcome.simulatedMs
    if (outcome.violation) this.#tellViolation(outcome)
    else if (trace) for (const line of outcome.trace) console.log(line)
    if (seeds === 1) console.log(`trace hash ${outcome.hash}`)
    if (systemClock.now() - this.#toldMs >= PROGRESS_MS) this.#tellProgress()
    return keepGoing || this.#violations === 0
  }

  #tellViolation({ seed, violation, trace }: Outcome): void {
    const { keepGoing, trace: isWhole, bug } = this.#order
    this.#violations++
    console.log(`\nseed ${seed} violates "${violation?.rule}":\n  ${violation?.detail}`)
    if (!keepGoing || isWhole) for (const line of trace.slice(isWhole ? 0 : -LINES)) console.log(line)
    console.log(`replay: ${replayCommand(seed, bug)}\n`)
  }

  #tellProgress(): void {
    this.#toldMs = systemClock.now()
    console.log(`… ${this.#done} of ${this.#order.seeds} seeds, ${this.#violations} violations`)
  }

  tellAll(): void {
    const tookMs = systemClock.now() - this.#startMs
    const seedsPerSecond = ((1000 * this.#done) / tookMs).toFixed(1)
    console.log(
      `${this.#done} seeds in ${(tookMs / 1000).toFixed(1)} s (${seedsPerSecond} seeds/s, ${this.#order.jobs} jobs): ` +
        `${(this.#simulatedMs / 3_600_000).toFixed(1)} h simulated, ` +
        `${Math.round(this.#simulatedMs / tookMs)} × real time, ${this.#violations} violations`,
    )
  }
}

async function main(): Promise<number> {
  let order: Order
  try {
    order = readOrder()
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`)
    return 2
  }
  const { from, seeds, jobs, trace, bug } = order
  const tally = new Tally(order)
  await sweep({ from, seeds, jobs, keepWholeTrace: trace, ...(bug && { bug }), onOutcome: tally.hear })
  tally.tellAll()
  const areBugsFound = !order.huntsBugs || (await huntAll(jobs))
  return tally.violations === 0 && areBugsFound ? 0 : 1
}

/** @returns whether every deliberate bug was found as it should be */
async function huntAll(jobs: number): Promise<boolean> {
  const startMs = systemClock.now()
  let [all, right] = [0, 0]
  const onQuarry = (quarry: Quarry): void => {
    all++
    if (quarry.isAsExpected) right++
    console.log(tellQuarry(quarry))
  }
  await hunt({ jobs, onQuarry })
  const tookMs = systemClock.now() - startMs
  console.log(
    `${right} of ${all} deliberate bugs were met as they should be, in ${(tookMs / 1000).toFixed(1)} s`,
  )
  return right === all
}

function tellQuarry({ bug, outcome, seeds, isAsExpected }: Quarry): string {
  const met = outcome
    ? `found in seed ${outcome.seed}, for "${outcome.violation?.rule}" is violated`
    : `no violation in ${seeds} seeds`
  const replay = outcome && !isAsExpected ? `\n  replay: ${replayCommand(outcome.seed, bug)}` : ''
  return `${isAsExpected ? 'as expected' : 'NOT AS EXPECTED'}: ${bug}: ${met}${replay}`
}

process.exitCode = await main()
