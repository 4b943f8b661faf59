// `npm run bench -- <name> [--json]`: each benchmark prints a table, and with --json as its last line
// {"bench": "…", "calibrationMs": …, "results": [{"name", "value", "unit"}, …]}. `npm run bench -- load` is the load
// generator alone.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock, toTimestamp } from '@shoal/common'
import { api } from './api.js'
import { type Benchmark, type BenchmarkOptions, type Result, rounded } from './benchmark.js'
import { calibrate } from './calibration.js'
import { churn } from './churn/index.js'
import { converge } from './converge.js'
import { dispatcher } from './dispatcher/index.js'
import { endpoints } from './endpoints/index.js'
import { failover } from './failover.js'
import { addToHistory, compare, type Comparison, readHistory } from './history.js'
import { loadCommand } from './load/index.js'
import { logs } from './logs/index.js'
import { mesh } from './mesh/index.js'
import { outage } from './outage.js'
import { profiled } from './profile.js'
import { scheduler } from './scheduler/index.js'
import { store as storeBenchmark } from './store/index.js'
import { zeroFailures } from './zero-failures/index.js'

interface Entry {
  readonly run: Benchmark
  readonly rounds: number
  readonly about: string
  /** It measures in processes of its own, which profile themselves. */
  readonly inProcesses?: boolean
}

const BENCHMARKS: Record<string, Entry> = {
  api: {
    run: api,
    rounds: 30,
    about:
      'service ls, service ps and node ls with 1 000 services, 10 000 tasks and 200 nodes; no lab; seconds',
  },
  churn: {
    run: churn,
    rounds: 1,
    about:
      'tasks started and ended (--tasks 10000) while agents are killed, then every host compared with before; about an hour',
  },
  converge: {
    run: converge,
    rounds: 3,
    about: "30 replicas, 60 replicas, a rollout, beside the engines' own floor; about 2 minutes",
  },
  dispatcher: {
    run: dispatcher,
    rounds: 1,
    about:
      'hollow agents (--agents 10000, --store embedded|etcd): heartbeats, a service of 50 000 replicas, a takeover; about 6 minutes',
    inProcesses: true,
  },
  endpoints: {
    run: endpoints,
    rounds: 5,
    about: 'a change of one endpoint, and connections, with 10 and with 5 000 services; about 3 minutes',
  },
  failover: {
    run: failover,
    rounds: 20,
    about:
      "the primary killed, ended and frozen, so many rounds each, and Docker Swarm's leader killed; about 12 minutes",
  },
  logs: {
    run: logs,
    rounds: 1,
    about:
      '10 followers of the logs of 50 tasks that write 10 000 lines/s, every line counted, beside the same at the engines; about 3 minutes',
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
  scheduler: {
    run: scheduler,
    rounds: 3,
    about: 'tasks to nodes in memory, up to a million tasks on 100 000 nodes; no lab; about 2 minutes, 4 GB',
    inProcesses: true,
  },
  store: {
    run: storeBenchmark,
    rounds: 1,
    about:
      'writes of 50 000 tasks to both stores, and a takeover with ten tasks on each of 10 000 nodes (--agents); about 2 minutes',
    inProcesses: true,
  },
  'zero-failures': {
    run: zeroFailures,
    rounds: 10,
    about:
      'failed requests under load while a service is updated, scaled, drained and loses daemons; about 3 minutes a round',
  },
}

const HELP = `Usage: npm run bench -- <name> [--rounds N] [--minutes N] [--agents N] [--tasks N] [--store KIND] [--json] [--profile DIR] [--check] [--save]

${Object.entries(BENCHMARKS)
  .map(([name, { rounds, about }]) => `  ${name.padEnd(14)} ${about} (--rounds ${rounds})`)
  .join('\n')}
  load           requests at a steady rate to what runs already, every failure counted; see load --help

Each but load prints a table, and with --json a document as its last line. Those that need hosts bring up a lab of their
own and end it.

  --agents N     how many agents are pretended (10000)
  --tasks N      how many tasks are started and ended at least (10000)
  --store KIND   embedded, or etcd: one that the benchmark starts
  --profile DIR  writes CPU and heap profiles there, to be opened with Chrome's developer tools; all gets slower by it
  --check        ends with 1 when a figure is half as bad again as in the latest runs of test/bench/history; times are
                 compared in units of a calibration loop in the same run
  --save         adds this run to test/bench/history`

function table(results: readonly Result[]): string {
  const width = Math.max(...results.map((result) => result.name.length))
  return results
    .map(
      ({ name, value, unit, note }) =>
        `${name.padEnd(width)}  ${String(value).padStart(10)} ${unit}${note ? `   ${note}` : ''}`,
    )
    .join('\n')
}

function comparisonTable(comparisons: readonly Comparison[]): string {
  return comparisons
    .map(
      ({ name, factor, regressed }) => `${name}: ${factor} of the usual${regressed ? ', A REGRESSION' : ''}`,
    )
    .join('\n')
}

if (process.argv[2] === 'load') process.exit(await loadCommand(process.argv.slice(3)))

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
    json: { type: 'boolean', default: false },
    agents: { type: 'string', default: '10000' },
    minutes: { type: 'string', default: '5' },
    profile: { type: 'string' },
    rounds: { type: 'string' },
    save: { type: 'boolean', default: false },
    store: { type: 'string', default: 'embedded' },
    tasks: { type: 'string', default: '10000' },
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
const agents = Number(values.agents)
if (!Number.isInteger(agents) || agents < 1) {
  console.error('--agents must be 1 or more')
  process.exit(1)
}
const tasks = Number(values.tasks)
if (!Number.isInteger(tasks) || tasks < 1) {
  console.error('--tasks must be 1 or more')
  process.exit(1)
}
const { store } = values
if (store !== 'embedded' && store !== 'etcd') {
  console.error('--store must be embedded or etcd')
  process.exit(1)
}
const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`)
const profileDir = values.profile === undefined ? {} : { profileDir: resolve(values.profile) }
const options: BenchmarkOptions = { say, rounds, minutes, agents, tasks, store, ...profileDir }
const calibrationMs = rounded(calibrate())
const work = (): Promise<Result[]> => benchmark.run(options)
const inProcess = benchmark.inProcesses ? undefined : options.profileDir
const results = await (inProcess === undefined ? work() : profiled(inProcess, name, work))
console.log(table(results))
const comparisons = compare(results, calibrationMs, readHistory(name))
if (values.check && comparisons.length === 0) say('there is no history to compare with')
if (values.check) console.log(comparisonTable(comparisons))
if (values.save) {
  const figures = Object.fromEntries(results.map((result) => [result.name, result.value]))
  addToHistory(name, { at: toTimestamp(systemClock.now()), calibrationMs, results: figures })
}
if (values.json) {
  const figures = results.map(({ name, value, unit }) => ({ name, value, unit }))
  console.log(JSON.stringify({ bench: name, calibrationMs, results: figures }))
}
process.exit(values.check && comparisons.some(({ regressed }) => regressed) ? 1 : 0)
