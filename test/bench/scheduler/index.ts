import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median, rounded, type Benchmark, type BenchmarkOptions, type Result } from '../benchmark.js'
import type { CaseOrder, Outcomes } from './case.js'
import type { ClusterShape } from './cluster.js'

const CASE = fileURLToPath(new URL('./case.js', import.meta.url))
/** A million tasks with their stored texts, as the store in memory holds both, need more than Node allows by itself. */
const HEAP_MB = 8192
/** What is kept of a million tasks is copied less often in a larger nursery than Node's own, of 16 MiB. */
const MANY_TASKS = 1_000_000
const NURSERY_MB = 64

const ONE_SERVICE = { nodes: 1_000, tasks: 100_000, services: 1, constrained: false }
const SHAPES = {
  '1000x100000': ONE_SERVICE,
  '1000x100000-constrained': { ...ONE_SERVICE, constrained: true },
  '100000x1000': { nodes: 100_000, tasks: 1_000, services: 1_000, constrained: false },
  '100000x1000000': { nodes: 100_000, tasks: 1_000_000, services: 10, constrained: false },
} as const satisfies Record<string, ClusterShape>
const SCALE = { nodes: 10_000, tasks: 100_000, services: 100, constrained: false, placed: true }
const SCALE_LARGE = { ...SCALE, tasks: 50_000, services: 1 }

type Placed = Outcomes['place']

/**
 * The scheduler as it is, over the real state with its committer and a store in memory: nodes and pending tasks are put
 * there, then the scheduler starts, and the time counts until a watcher has seen the assignment of every task.
 */
export const scheduler: Benchmark = async (options) => {
  const placed = new Map<string, Placed[]>()
  for (let round = 1; round <= options.rounds; round++) {
    for (const [name, shape] of Object.entries(SHAPES)) {
      options.say(`round ${round} of ${options.rounds}: ${name} …`)
      placed.set(name, [...(placed.get(name) ?? []), await runCase('place', name, shape, options)])
    }
  }
  options.say('a service scaled by ten on 10 000 nodes with 100 000 tasks …')
  const scaled = await runCase('scale', 'scale-by-10', SCALE, options)
  options.say('a service of 50 000 replicas scaled by ten …')
  const large = await runCase('scale', 'scale-50000-by-10', SCALE_LARGE, options)
  options.say('a rollout of a service of 50 000 replicas, ten at a time …')
  const rolled = await runCase('roll', 'roll-50000', SCALE_LARGE, options)
  return [
    ...report(placed),
    { name: 'scale-by-10-cpu-ms', value: rounded(scaled.cpuMs), unit: 'ms' },
    { name: 'scale-50000-by-10-cpu-ms', value: rounded(large.cpuMs), unit: 'ms' },
    {
      name: 'roll-50000-cpu-ms',
      value: rounded(rolled.cpuMs),
      unit: 'ms',
      note: `for ten replicas of 50 000; the event loop stood still for ${rounded(rolled.stallMs)} ms at the most`,
    },
  ]
}

function report(placed: ReadonlyMap<string, Placed[]>): Result[] {
  const of = (name: keyof typeof SHAPES, what: keyof Placed): number =>
    rounded(median((placed.get(name) ?? []).map((one) => one[what])))
  const timed = (name: keyof typeof SHAPES): Result => ({
    name: `${name}-ms`,
    value: of(name, 'ms'),
    unit: 'ms',
    note: `CPU ${of(name, 'cpuMs')} ms, of that ${of(name, 'mainCpuMs')} ms in the main thread; the event loop stood still for ${of(name, 'stallMs')} ms at the most, ${of(name, 'rssMb')} MB`,
  })
  const stalls = Object.keys(SHAPES).map((name) => of(name as keyof typeof SHAPES, 'stallMs'))
  return [
    timed('1000x100000'),
    timed('1000x100000-constrained'),
    timed('100000x1000'),
    timed('100000x1000000'),
    {
      name: 'constraints-ratio',
      value: rounded(of('1000x100000-constrained', 'ms') / of('1000x100000', 'ms')),
      unit: 'ratio',
      note: 'with a constraint over without, 1 000 nodes and 100 000 tasks',
    },
    { name: 'longest-stall-ms', value: Math.max(...stalls), unit: 'ms', note: 'of the event loop' },
  ]
}

function runCase<Type extends CaseOrder['type']>(
  type: Type,
  name: string,
  shape: ClusterShape,
  { profileDir }: BenchmarkOptions,
): Promise<Outcomes[Type]> {
  const order: CaseOrder = { type, name, shape, ...(profileDir !== undefined && { profileDir }) }
  const nursery = shape.tasks >= MANY_TASKS ? [`--max-semi-space-size=${NURSERY_MB}`] : []
  const args = [`--max-old-space-size=${HEAP_MB}`, ...nursery, CASE, JSON.stringify(order)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as Outcomes[Type])
      else reject(new Error(`the measurement ${name} ended with code ${code}`))
    })
  })
}
