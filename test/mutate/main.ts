// `npm run mutate -- [--requests N] [--seed N]`: that many malformed requests against a manager of their own.
import { parseArgs } from 'node:util'
import { runMutations } from './run.js'

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
})
if (values.help) {
  console.log(`Usage: npm run mutate -- [--requests N] [--seed N]

Starts a manager and sends it malformed and mutated requests, made out of Docker's description of the API by the seed.
Ends with 1 when one of them is answered with 500 (but where Docker does so), or not in Docker's form, changes anything
although it is refused, or ends the manager, or when memory grows.`)
  process.exit(0)
}
const [requests, seed] = [Number(values.requests), Number(values.seed)]
if (!Number.isInteger(requests) || requests < 1 || !Number.isInteger(seed)) {
  console.error('--requests and --seed must be whole numbers')
  process.exit(1)
}
const { byStatus, faults, warm, end, ...report } = await runMutations({ requests, seed }, (text) =>
  process.stderr.write(`mutate: ${text}\n`),
)
for (const fault of faults) console.error(`\n${fault}`)
const mb = (value: number): string => `${value.toFixed(1)} MB`
console.log(`${report.requests} requests, seed ${seed}; answers by status: ${JSON.stringify(byStatus)}`)
console.log(`heap after collection: ${mb(warm.heapMb)} warm, ${mb(end.heapMb)} at the end`)
console.log(`resident: ${mb(warm.rssMb)} warm, ${mb(end.rssMb)} at the end`)
/** What caches and event logs may still fill, in megabytes. */
const TOLERANCE_MB = 5
const grew = end.heapMb > warm.heapMb + TOLERANCE_MB
if (grew) console.error('memory grew')
process.exit(faults.length > 0 || grew ? 1 : 0)
