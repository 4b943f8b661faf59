// `npm run bench -- <name> [--json]`: each benchmark prints a table, and with --json as its last line
// {"bench": "…", "results": [{"name", "value", "unit"}, …]}. `npm run bench -- load` is the load generator alone.
import { parseArgs } from 'node:util'
import type { Benchmark, Result } from './benchmark.js'
import { converge } from './converge.js'
import { failover } from './failover.js'
import { loadCommand } from './load/index.js'
import { mesh } from './mesh/index.js'
import { outage } from './outage.js'
import { zeroFailures } from './zero-failures/index.js'

interface Entry {
  readonly run: Benchmark
  readonly rounds: number
  readonly about: string
}

const BENCHMARKS: Record<string, Entry> = {
  converge: {
    run: converge,
    rounds: 3,
    about: "30 replicas, 60 replicas, a rollout, beside the engines' own floor; about 2 minutes",
  },
  failover: {
    run: failover,
    rounds: 20,
    about:
      "the primary killed, ended and frozen, so many rounds each, and Docker Swarm's leader killed; about 12 minutes",
  },
  mesh: {
    run: mesh,
    rounds: 3,
    about:
      "the routing mesh beside Docker's published ports, HAProxy, a Node.js proxy and plain routing; about 6 minutes",
  },
  outage: {
    run: outage,
    rounds: 1,
    about:
      'all managers dead for some minutes (--minutes 5) under load on a published port; a minute and a half more',
  },
  'zero-failures': {
    run: zeroFailures,
    rounds: 10,
    about:
      'failed requests under load while a service is updated, scaled, drained and loses daemons; about 3 minutes a round',
  },
}

const HELP = `Usage: npm run bench -- <name> [--rounds N] [--minutes N] [--json]

${Object.entries(BENCHMARKS)
  .map(([name, { rounds, about }]) => `  ${name.padEnd(14)} ${about} (--rounds ${rounds})`)
  .join('\n')}
  load           requests at a steady rate to what runs already, every failure counted; see load --help

Each but load prints a table, and with --json a document as its last line. They bring up a lab of their own and end it.`

function table(results: readonly Result[]): string {
  const width = Math.max(...results.map((result) => result.name.length))
  return results
    .map(
      ({ name, value, unit, note }) =>
        `${name.padEnd(width)}  ${String(value).padStart(10)} ${unit}${note ? `   ${note}` : ''}`,
    )
    .join('\n')
}

if (process.argv[2] === 'load') process.exit(await loadCommand(process.argv.slice(3)))

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    json: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '5' },
    rounds: { type: 'string' },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const name = positionals[0] ?? ''
const benchmark = BENCHMARKS[name]
if (benchmark === undefined) {
  console.error(`unknown benchmark "${name}"; there are: ${Object.keys(BENCHMARKS).join(', ')}`)
  process.exit(1)
}
const rounds = Number(values.rounds ?? benchmark.rounds)
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error('--rounds must be 1 or more')
  process.exit(1)
}
const minutes = Number(values.minutes)
if (!(minutes > 0)) {
  console.error('--minutes must be more than 0')
  process.exit(1)
}
const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`)
const results = await benchmark.run({ say, rounds, minutes })
console.log(table(results))
if (values.json) {
  console.log(
    JSON.stringify({ bench: name, results: results.map(({ name, value, unit }) => ({ name, value, unit })) }),
  )
}
process.exit(0)
