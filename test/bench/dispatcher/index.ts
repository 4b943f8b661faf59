import { eventually } from '../../support/eventually.js'
import { startEtcd, type TestEtcd } from '../../support/etcd.js'
import { ManagerProcess } from '../../support/manager-process.js'
import { type Benchmark, type BenchmarkOptions, type Result, rounded } from '../benchmark.js'
import { cpuSeconds, Fleet, memoryMb, seedCluster, type SeededCluster } from '../hollow/index.js'
import { Metrics } from './metrics.js'

/** Of the service; fewer agents than 1 000 get fewer. */
const REPLICAS = 50_000
const REPLICAS_PER_AGENT = 50
/** As fast as agents begin, per second: below what two cores can do of both ends' handshakes. */
const STARTS_PER_SECOND = 100
/** How long heartbeats are watched, in milliseconds: some periods. */
const WATCH_MS = 40_000
const LOOK_EVERY_MS = 500
const CONNECT_TIMEOUT_MS = 300_000
const REPLICAS_TIMEOUT_MS = 300_000
const TAKEOVER_TIMEOUT_MS = 240_000

/** What the phases of a run share. */
interface Stage {
  readonly options: BenchmarkOptions
  readonly cluster: SeededCluster
  readonly fleet: Fleet
  manager: ManagerProcess
}

/**
 * One primary and many hollow agents on this machine: what they cost while nothing happens, how long a service takes
 * to run on them, and how they find the manager again that was killed.
 */
export const dispatcher: Benchmark = async (options) => {
  const etcd = options.store === 'etcd' ? await startEtcd() : undefined
  try {
    const results = await withStore(options, etcd)
    return etcd ? [...results, await databaseSize(etcd)] : results
  } finally {
    await etcd?.stop()
  }
}

async function databaseSize({ endpoint }: TestEtcd): Promise<Result> {
  const { etcdDatabaseMb } = await Metrics.read(new URL(endpoint).host)
  return { name: 'etcd-database-mb', value: rounded(etcdDatabaseMb, 0), unit: 'mb' }
}

async function withStore(options: BenchmarkOptions, etcd: TestEtcd | undefined): Promise<Result[]> {
  const { agents, say } = options
  say(`seeding a cluster of ${agents} nodes`)
  const store = etcd ? { kind: 'etcd' as const, endpoints: [etcd.endpoint] } : { kind: 'embedded' as const }
  const cluster = await seedCluster(store, { nodes: agents })
  const manager = await ManagerProcess.startIn(cluster.folder, profileFlags(options))
  const fleet = Fleet.start(cluster, { managers: [manager.address], perSecond: STARTS_PER_SECOND })
  const stage: Stage = { options, cluster, fleet, manager }
  try {
    const connected = await connecting(stage)
    const replicas = await replicasRun(stage)
    const heartbeats = await heartbeating(stage)
    const { peak } = memoryMb(manager.pid)
    const rss: Result = { name: 'rss-mb', value: rounded(peak, 0), unit: 'mb', note: 'at its peak' }
    return [...connected, replicas, ...heartbeats, rss, ...(await takeover(stage))]
  } finally {
    await fleet.end()
    if (options.profileDir) await ended(stage.manager)
    await stage.manager.end()
  }
}

function profileFlags({ profileDir }: BenchmarkOptions): string[] {
  return profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : []
}

/** A profile is written by a process that ends in good order. */
async function ended(manager: ManagerProcess): Promise<void> {
  manager.signal('SIGTERM')
  await eventually(() => Promise.resolve(!manager.alive || Promise.reject(new Error('it still runs'))))
}

async function connecting(stage: Stage): Promise<Result[]> {
  const { options, manager } = stage
  const cpuBefore = cpuSeconds(manager.pid)
  const seconds = await untilConnected(stage, CONNECT_TIMEOUT_MS)
  const cpu = cpuSeconds(manager.pid) - cpuBefore
  options.say(`${options.agents} agents connected in ${seconds.toFixed(1)} s`)
  return [
    { name: 'agents', value: options.agents, unit: 'count' },
    {
      name: 'connected-s',
      value: rounded(seconds, 1),
      unit: 's',
      note: `${STARTS_PER_SECOND} begin a second`,
    },
    {
      name: 'connect-cpu-ms',
      value: rounded((cpu * 1000) / options.agents),
      unit: 'ms',
      note: 'for each agent',
    },
  ]
}

async function replicasRun({ options, manager, fleet }: Stage): Promise<Result> {
  const replicas = Math.min(REPLICAS, options.agents * REPLICAS_PER_AGENT)
  const cpuBefore = cpuSeconds(manager.pid)
  const answer = await manager.ask('POST', '/services/create', {
    Name: 'hollow',
    TaskTemplate: { ContainerSpec: { Image: 'hollow:1' } },
    Mode: { Replicated: { Replicas: replicas } },
  })
  if (answer.status !== 201) throw new Error(`the service was not created: ${answer.status} ${answer.body}`)
  let saidMs = 0
  const seconds = await until(REPLICAS_TIMEOUT_MS, async () => {
    const { running } = await fleet.tally()
    const isWorthSaying = Date.now() - saidMs > 2_000
    if (isWorthSaying) saidMs = Date.now()
    if (isWorthSaying) options.say(`${running} of ${replicas} replicas run on the agents`)
    // The manager counts them only when it is asked, and that costs it: they are stored there as running, too.
    return running >= replicas && (await Metrics.read(manager.metricsAddress)).tasks('running') >= replicas
  })
  const cpu = cpuSeconds(manager.pid) - cpuBefore
  const note = `${cpu.toFixed(1)} s of CPU on the manager`
  return { name: `replicas-${replicas}-s`, value: rounded(seconds, 1), unit: 's', note }
}

async function heartbeating({ options, manager, fleet }: Stage): Promise<Result[]> {
  options.say(`watching heartbeats for ${WATCH_MS / 1000} s`)
  // What follows upon the last change is over by then.
  await pause(5_000)
  const { sessions: before } = await fleet.tally()
  const [cpu, atMs] = [cpuSeconds(manager.pid), Date.now()]
  await pause(WATCH_MS)
  const share = (cpuSeconds(manager.pid) - cpu) / ((Date.now() - atMs) / 1000)
  const calls = (await fleet.tally()).sessions - before
  return [
    {
      name: 'heartbeat-core-share',
      value: rounded(share, 3),
      unit: 'ratio',
      note: 'with all replicas running',
    },
    { name: 'sessions-lost', value: calls, unit: 'count', note: 'meanwhile' },
  ]
}

/** The manager is killed, and another process takes its place. */
async function takeover(stage: Stage): Promise<Result[]> {
  const { options, fleet } = stage
  options.say('killing the manager')
  const { sessions: before } = await fleet.tally()
  await (options.profileDir ? ended(stage.manager) : stage.manager.kill())
  await until(10_000, async () => (await fleet.tally()).connected === 0)
  const startMs = Date.now()
  stage.manager = await ManagerProcess.startIn(stage.cluster.folder, profileFlags(options))
  const readySeconds = (Date.now() - startMs) / 1000
  let mostDown = 0
  const seconds = await untilConnected(stage, TAKEOVER_TIMEOUT_MS, ({ down }) => {
    mostDown = Math.max(mostDown, down)
  })
  const calls = (await fleet.tally()).sessions - before
  const cpu = cpuSeconds(stage.manager.pid)
  return [
    {
      name: 'takeover-ready-s',
      value: rounded(readySeconds, 1),
      unit: 's',
      note: 'a new process, from nothing',
    },
    {
      name: 'takeover-reconnected-s',
      value: rounded(readySeconds + seconds, 1),
      unit: 's',
      note: `${calls} calls, ${cpu.toFixed(1)} s of CPU`,
    },
    { name: 'takeover-nodes-down', value: mostDown, unit: 'count' },
  ]
}

/** @returns after how many seconds every agent is connected, by its own word and the manager's */
function untilConnected(
  { options, manager, fleet }: Stage,
  timeoutMs: number,
  look: (seen: { readonly down: number }) => void = () => undefined,
): Promise<number> {
  let said = 0
  return until(timeoutMs, async () => {
    const { connected, sessions } = await fleet.tally()
    const metrics = await Metrics.read(manager.metricsAddress)
    look({ down: metrics.nodes('down') })
    if (Date.now() - said > 2_000) {
      said = Date.now()
      options.say(
        `${connected} connected after ${sessions} calls, ${metrics.nodes('ready')} ready, ${metrics.nodes('down')} down`,
      )
    }
    return connected === options.agents && metrics.connectedAgents === options.agents
  })
}

/** @returns how many seconds it took until `isDone` */
async function until(timeoutMs: number, isDone: () => Promise<boolean>): Promise<number> {
  const startMs = Date.now()
  while (!(await isDone())) {
    if (Date.now() - startMs > timeoutMs) throw new Error(`not done after ${timeoutMs / 1000} s`)
    await pause(LOOK_EVERY_MS)
  }
  return (Date.now() - startMs) / 1000
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
