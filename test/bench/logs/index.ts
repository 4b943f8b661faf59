import { setTimeout as wait } from 'node:timers/promises'
import { uptime } from 'node:os'
import { down, up } from '@shoal/lab'
import { eventually } from '../../support/index.js'
import { type Benchmark, type BenchmarkOptions, type Result, rounded } from '../benchmark.js'
import { EngineReaders } from './engines.js'
import { Readers } from './readers.js'
import { type Tallied, together } from './tally.js'
import { type Usage, usageOf, usedBetween } from './usage.js'
import { LINES, SECONDS, Writers } from './writers.js'

const LAB = 'bench-logs'
const HOSTS = 2
const READERS = 10
/** For what is still under way when the last line is due. */
const PATIENCE_MS = 60_000
const MS_PER_SECOND = 1000

/**
 * 50 tasks that together write 10 000 numbered lines a second, and ten followers of their service's logs, one of them
 * the docker CLI. What counts is that each of them gets every line once, and how late the last one comes; beside it the
 * floor: as many followers of the same containers straight at their engines.
 */
export const logs: Benchmark = async (options) => {
  options.say('bringing up a lab of two hosts …')
  await down(LAB)
  await up({ lab: LAB, hosts: HOSTS, managers: 1, etcd: 0, say: options.say })
  try {
    return await measure(options)
  } finally {
    await down(LAB)
  }
}

interface Measured {
  readonly tallied: Tallied
  readonly used: Usage
}

async function measure({ say }: BenchmarkOptions): Promise<Result[]> {
  say('starting the tasks …')
  const writers = await Writers.start(LAB)
  say(`${READERS} followers of the service's logs, for ${SECONDS} seconds …`)
  const cluster = await throughTheCluster(writers)
  say('as many at the engines …')
  const engines = await atTheEngines(writers)
  return results(cluster, engines)
}

async function throughTheCluster(writers: Writers): Promise<Measured> {
  const wave = writers.next()
  const readers = new Readers(LAB, writers.hosts[0]!)
  try {
    await readers.open(READERS, wave)
    const before = await usageOf(writers.hosts)
    const endS = (await writers.begin(wave)) + SECONDS
    await untilUptime(endS)
    await eventually(() => {
      if (!readers.areDone) throw new Error('lines are missing')
    }, PATIENCE_MS).catch(() => undefined)
    readers.check()
    const used = usedBetween(before, await usageOf(writers.hosts))
    return { tallied: together(readers.results(endS)), used }
  } finally {
    readers.close()
  }
}

async function atTheEngines(writers: Writers): Promise<Measured> {
  const wave = writers.next()
  const names = writers.hosts.map(({ name }) => name)
  const readers = await EngineReaders.open(names, READERS, wave)
  const before = await usageOf(writers.hosts)
  const endS = (await writers.begin(wave)) + SECONDS
  await untilUptime(endS)
  const tallied = together(await readers.results(endS, PATIENCE_MS))
  return { tallied, used: usedBetween(before, await usageOf(writers.hosts)) }
}

async function untilUptime(seconds: number): Promise<void> {
  await wait(Math.max(0, (seconds - uptime()) * MS_PER_SECOND))
}

function results({ tallied, used }: Measured, floor: Measured): Result[] {
  const count = (name: string, value: number, note: string): Result => ({ name, value, unit: 'count', note })
  const time = (name: string, value: number, unit: 's' | 'ms', note: string): Result => ({
    name,
    value: rounded(value, unit === 'ms' ? 0 : 2),
    unit,
    note,
  })
  const all = LINES * READERS
  const total = ({ manager, agents, engines }: Usage): number => manager + agents + engines
  return [
    count('lines', LINES, `in ${SECONDS} seconds, of 50 tasks; ${READERS} followers`),
    count('lines-lost', tallied.lost, `of ${all}; at the engines ${floor.tallied.lost}`),
    count('lines-doubled', tallied.doubled, `at the engines ${floor.tallied.doubled}`),
    count('lines-swapped', tallied.swapped, 'that came after a later one of their task'),
    time('lag-at-end-ms', tallied.lagAtEndMs, 'ms', 'until the last follower had the last line'),
    time('engine-lag-at-end-ms', floor.tallied.lagAtEndMs, 'ms', 'the same at the engines'),
    time('lag-most-ms', tallied.lagMostMs, 'ms', `at the engines ${rounded(floor.tallied.lagMostMs, 0)}`),
    time('manager-cpu-s', used.manager, 's', 'of one thread'),
    time('agents-cpu-s', used.agents, 's', 'both'),
    time('engines-cpu-s', used.engines, 's', `without the cluster ${rounded(floor.used.engines)}`),
    {
      name: 'cpu-ratio',
      value: rounded(total(used) / total(floor.used)),
      unit: 'ratio',
      note: 'of manager, agents and engines to the same when the engines are asked',
    },
  ]
}
