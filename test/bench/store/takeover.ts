import { rmSync } from 'node:fs'
import { eventually } from '../../support/eventually.js'
import { startEtcd } from '../../support/etcd.js'
import { ManagerProcess } from '../../support/manager-process.js'
import { type BenchmarkOptions, type Result, rounded } from '../benchmark.js'
import { memoryMb, seedCluster } from '../hollow/index.js'
import { readyNode, runningService } from './records.js'

const NODES = 10_000
const SERVICES = 20
const REPLICAS = 5_000

/** The primary of a large cluster is killed, and the secondary takes over: when does it take a write? */
export async function takeover({ say }: BenchmarkOptions): Promise<Result[]> {
  const etcd = await startEtcd()
  const store = { kind: 'etcd' as const, endpoints: [etcd.endpoint] }
  const managers: ManagerProcess[] = []
  say(`seeding ${SERVICES * REPLICAS} tasks on ${NODES} nodes`)
  const cluster = await seedCluster(store, {
    nodes: NODES,
    node: readyNode,
    *more(nodeIds) {
      for (let i = 1; i <= SERVICES; i++) yield* runningService(`service-${i}`, REPLICAS, nodeIds)
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
    say('killing the primary')
    const startMs = Date.now()
    await primary.kill()
    await write(secondary).catch((error: unknown) => {
      say(secondary.log.slice(-4000))
      throw error
    })
    const seconds = (Date.now() - startMs) / 1000
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
