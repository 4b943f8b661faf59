import { rmSync } from 'node:fs'
import { eventually } from '../../support/eventually.js'
import { startEtcd } from '../../support/etcd.js'
import { ManagerProcess } from '../../support/manager-process.js'
import { type BenchmarkOptions, type Result, rounded } from '../benchmark.js'
import { Metrics } from '../dispatcher/metrics.js'
import { memoryMb, seedCluster } from '../hollow/index.js'
import { readyNode, runningService } from './records.js'

const SERVICES = 20
const TASKS_PER_NODE = 10

/** The primary of a large cluster is killed, and the secondary takes over: when does it take a write? */
export async function takeover({ agents: nodes, say }: BenchmarkOptions): Promise<Result[]> {
  const replicas = Math.ceil((nodes * TASKS_PER_NODE) / SERVICES)
  const etcd = await startEtcd()
  const store = { kind: 'etcd' as const, endpoints: [etcd.endpoint] }
  const managers: ManagerProcess[] = []
  say(`seeding ${SERVICES * replicas} tasks on ${nodes} nodes`)
  const cluster = await seedCluster(store, {
    nodes,
    node: readyNode,
    *more(nodeIds) {
      for (let i = 1; i <= SERVICES; i++) yield* runningService(`service-${i}`, replicas, nodeIds)
    },
  })
  try {
    const loadMs = Date.now()
    const primary = await ManagerProcess.startIn(cluster.folder)
    managers.push(primary)
    await write(primary)
    const loaded = (Date.now() - loadMs) / 1000
    const secondary = await ManagerProcess.join(store, primary)
    managers.push(secondary)
    // Both rest first.
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    const [primaryMb, secondaryMb] = [memoryMb(primary.pid), memoryMb(secondary.pid)]
    // Each look begins the measuring of stalls anew.
    await Metrics.read(secondary.metricsAddress)
    say('killing the primary')
    const startMs = Date.now()
    await primary.kill()
    await write(secondary).catch((error: unknown) => {
      say(secondary.log.slice(-4000))
      throw error
    })
    const seconds = (Date.now() - startMs) / 1000
    const stallMs = (await Metrics.read(secondary.metricsAddress)).longestStallMs
    return [
      {
        name: 'load-s',
        value: rounded(loaded, 1),
        unit: 's',
        note: 'a manager from nothing to its first write',
      },
      { name: 'primary-rss-mb', value: rounded(primaryMb.peak, 0), unit: 'mb', note: 'at its peak' },
      { name: 'secondary-rss-mb', value: rounded(secondaryMb.peak, 0), unit: 'mb', note: 'at its peak' },
      { name: 'takeover-s', value: rounded(seconds), unit: 's', note: 'from the kill to a write' },
      { name: 'takeover-stall-ms', value: rounded(stallMs, 0), unit: 'ms', note: 'of the event loop' },
    ]
  } finally {
    for (const manager of managers) await manager.end()
    rmSync(cluster.folder, { recursive: true, force: true })
    await etcd.stop()
  }
}

/** Resolves when the manager, or one that it asks, has written something. */
async function write(manager: ManagerProcess): Promise<void> {
  await eventually(async () => {
    const body = { Name: `written-${Date.now()}`, Data: 'YQ==' }
    const { status, body: answer } = await manager.ask('POST', '/configs/create', body)
    if (status !== 201) throw new Error(`${status}: ${answer}`)
  }, 60_000)
}
