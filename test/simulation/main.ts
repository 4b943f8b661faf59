// `npm run sim -- [--seeds 1000] [--from 1] [--trace] [--bug <name>]`: exit code 0 only without a violation.
import { parseArgs } from 'node:util'
import { systemClock } from '@shoal/common'
import { BUGS, simulate, type Outcome } from './index.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    bug: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
  },
})
const seeds = Number(values.seeds)
const from = Number(values.from)
const bug = BUGS.find((name) => name === values.bug)
if (!Number.isInteger(seeds) || !Number.isInteger(from) || seeds < 1 || (values.bug !== undefined && !bug)) {
  console.error(
    `usage: npm run sim -- [--seeds N] [--from N] [--trace] [--keep-going] [--bug ${BUGS.join('|')}]`,
  )
  process.exit(2)
}

function tell({ seed, violation, trace }: Outcome): void {
  const bugFlag = bug ? ` --bug ${bug}` : ''
  console.log(`\nseed ${seed} violates "${violation?.rule}":\n  ${violation?.detail}`)
  console.log(`replay: npm run sim -- --from ${seed} --seeds 1 --trace${bugFlag}\n`)
  if (!values['keep-going']) for (const line of trace.slice(values.trace ? 0 : -60)) console.log(line)
}

const startMs = systemClock.now()
let simulatedMs = 0
let violations = 0
let done = 0
for (let seed = from; seed < from + seeds; seed++) {
  const outcome = await simulate({ seed, keepWholeTrace: values.trace, ...(bug && { bug }) })
  simulatedMs += outcome.simulatedMs
  done++
  if (outcome.violation) {
    violations++
    tell(outcome)
    if (!values['keep-going']) break
  } else if (values.trace) for (const line of outcome.trace) console.log(line)
  if (seeds === 1) console.log(`trace hash ${outcome.hash}`)
}
const tookMs = systemClock.now() - startMs
const ratio = Math.round(simulatedMs / tookMs)
console.log(
  `${done} seeds in ${(tookMs / 1000).toFixed(1)} s (${((1000 * done) / tookMs).toFixed(1)} seeds/s): ` +
    `${(simulatedMs / 3_600_000).toFixed(1)} h simulated, ${ratio} × real time, ${violations} violations`,
)
process.exit(violations > 0 ? 1 : 0)
