import { down, mustRun, onHost, up } from '@shoal/lab'
import type { Benchmark, BenchmarkOptions, Result } from '../benchmark.js'
import {
  answeredOf,
  DEFAULT_PLAN,
  failedOf,
  Load,
  merge,
  percentile,
  type Report,
  reportTable,
} from '../load/index.js'
import { type Change, CHANGES, REPLICAS } from './changes.js'
import { LoadedCluster, PUBLISHED_PORT, TARGET_PORT } from './cluster.js'
import { IMAGES, loadDemoImages } from './images.js'

const LAB = 'bench-zero'
const HOSTS = 3
const MANAGERS = 2
/** Per second, through all nodes in turn. */
const RATES = { connect: 500, keepalive: 600, udp: 50 }
const LONGEST_MS = 300_000
/** Under load before and after a change, in milliseconds. */
const CALM_MS = 2_000
const CONTROL_MS = 15_000
const CONTROL = 'bench-control'
const CONTROL_PORT = 8_090

/**
 * Failed requests while a service under constant load is updated, scaled, drained, and loses an agent or the primary,
 * each as often as there are rounds. As a control, the same load on a port that Docker itself publishes, where nothing
 * happens. What counts as failed is said in load/index.ts.
 */
export const zeroFailures: Benchmark = async (options) => {
  options.say('bringing up a lab of three hosts, two of them managers …')
  await down(LAB)
  await up({ lab: LAB, hosts: HOSTS, managers: MANAGERS, etcd: 1, say: options.say })
  try {
    await loadDemoImages(LAB)
    return await measure(options)
  } finally {
    await down(LAB)
  }
}

async function measure({ say, rounds }: BenchmarkOptions): Promise<Result[]> {
  const cluster = await LoadedCluster.open(LAB, MANAGERS)
  const reports = new Map<string, Report[]>()
  const add = (name: string, report: Report): void => {
    say(`${name}: ${failedOf(report)} of ${failedOf(report) + answeredOf(report)} requests failed`)
    if (failedOf(report) > 0) say(reportTable(report))
    reports.set(name, [...(reports.get(name) ?? []), report])
  }
  add('control', await control(cluster))
  await cluster.createService(REPLICAS)
  const addresses = cluster.hosts.map(({ address }) => `${address}:${PUBLISHED_PORT}`)
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds} …`)
    for (const change of CHANGES) add(change.name, await underLoad(change, cluster, addresses))
  }
  cluster.close()
  return [...reports].map(([name, all]) => resultOf(name, all))
}

async function underLoad(
  { prepare, carryOut, undo }: Change,
  cluster: LoadedCluster,
  addresses: readonly string[],
): Promise<Report> {
  await prepare?.(cluster)
  const load = Load.start({ ...DEFAULT_PLAN, rates: RATES, addresses, durationMs: LONGEST_MS })
  try {
    await calm()
    await carryOut(cluster)
    await calm()
  } catch (error) {
    load.stop()
    throw new Error(`it did not come about; up to then:\n${reportTable(await load.report())}`, {
      cause: error,
    })
  }
  load.stop()
  const report = await load.report()
  await undo?.(cluster)
  return report
}

/** The same load on the same kind of server, behind a port that Docker publishes. */
async function control({ hosts: [host] }: LoadedCluster): Promise<Report> {
  const { name, address } = host!
  const ports = ['tcp', 'udp'].flatMap((protocol) => ['-p', `${CONTROL_PORT}:${TARGET_PORT}/${protocol}`])
  await mustRun(name, ['docker', 'run', '-d', '--name', CONTROL, ...ports, IMAGES[0]])
  await calm()
  const addresses = [`${address}:${CONTROL_PORT}`]
  const load = Load.start({ ...DEFAULT_PLAN, rates: RATES, addresses, durationMs: CONTROL_MS })
  const report = await load.report()
  await onHost(name, ['docker', 'rm', '-f', CONTROL])
  return report
}

function calm(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, CALM_MS)
  })
}

function resultOf(name: string, reports: readonly Report[]): Result {
  const { modes, ...all } = merge(reports)
  const whole = { ...all, modes }
  const kinds = Object.entries(modes).flatMap(([mode, { failed }]) =>
    Object.entries(failed).map(([kind, count]) => `${mode} ${kind} ${count}`),
  )
  const slowest = Object.values(modes).map(({ latencies }) => percentile(latencies, 0.999))
  const note = [
    `of ${failedOf(whole) + answeredOf(whole)} requests`,
    ...kinds,
    `99.9 % within ${Math.round(Math.max(...slowest))} ms`,
  ]
  return { name: `${name}-failed`, value: failedOf(whole), unit: 'requests', note: note.join(', ') }
}
