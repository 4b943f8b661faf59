import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { down, environment, hosts, mustRun, up, WORKLOAD_IMAGE } from '@shoal/lab'
import Docker from 'dockerode'
import { type Benchmark, type BenchmarkOptions, median, type Result, rounded } from './benchmark.js'
import { Floor } from './floor.js'

const LAB = 'bench'
const SERVICE = 'bench'
const CONCURRENCIES = [2, 4, 8, 16]
const POLL_MS = 50
const GIVE_UP_MS = 120_000
/** Before the daemons' memory is read: what starting took is no matter of idling. */
const IDLE_MS = 10_000

/** The engines' own time for 30 containers, and for 30 more. */
interface FloorTimes {
  readonly first30Ms: number
  readonly next30Ms: number
  readonly concurrency: number
}

/**
 * Creates a service with 30 replicas in a lab of three hosts, scales it to 60, rolls an update out;
 * beside the times stands the floor, measured on the same engines in the same run.
 */
export const converge: Benchmark = async (options) => {
  options.say('bringing up a lab of three hosts …')
  await down(LAB)
  await up({ lab: LAB, hosts: 3, managers: 1, etcd: 0, say: options.say })
  try {
    return await measure(options)
  } finally {
    await down(LAB)
  }
}

async function measure({ say, rounds }: BenchmarkOptions): Promise<Result[]> {
  const docker = await client()
  const names = (await hosts(LAB)).map((host) => host.name)
  say('letting the cluster idle for ten seconds …')
  await new Promise((resolve) => {
    setTimeout(resolve, IDLE_MS)
  })
  const idle = await residentMemory(names)
  const floors: FloorTimes[][] = []
  const cycles: Cycle[] = []
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}: the floor …`)
    floors.push(await measureFloor(names))
    say(`round ${round} of ${rounds}: the cluster …`)
    cycles.push(await measureCluster(docker))
  }
  return report(floors, cycles, idle)
}

interface Cycle {
  readonly createMs: number
  readonly scaleMs: number
  readonly rolloutMs: number
}

function report(floors: readonly FloorTimes[][], cycles: readonly Cycle[], idle: Memory): Result[] {
  const create = median(cycles.map((cycle) => cycle.createMs))
  const scale = median(cycles.map((cycle) => cycle.scaleMs))
  const { first30Ms: floor30, next30Ms: floor60, concurrency } = bestFloor(floors)
  const seconds = (ms: number): string => `${rounded(ms / 1000)} s`
  return [
    {
      name: 'create-30-ratio',
      value: rounded(create / floor30),
      unit: 'ratio',
      note: `${seconds(create)} over ${seconds(floor30)}, at a concurrency of ${concurrency} a host`,
    },
    {
      name: 'scale-60-ratio',
      value: rounded(scale / floor60),
      unit: 'ratio',
      note: `${seconds(scale)} over ${seconds(floor60)}`,
    },
    {
      name: 'rollout-60-s',
      value: rounded(median(cycles.map((cycle) => cycle.rolloutMs)) / 1000),
      unit: 's',
      note: '60 replicas, parallelism 20, stop-first',
    },
    { name: 'manager-rss-mb', value: idle.managerMb, unit: 'mb' },
    { name: 'agent-rss-mb', value: idle.agentMb, unit: 'mb', note: 'the largest of the three' },
  ]
}

async function client(): Promise<Docker> {
  const { DOCKER_HOST, DOCKER_CERT_PATH } = await environment(LAB)
  const url = new URL(DOCKER_HOST!)
  const file = (name: string): Buffer => readFileSync(join(DOCKER_CERT_PATH!, name))
  const tls = { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') }
  // As clients do: one connection is kept, so that polling does not cost a handshake each time.
  // docker-modem prints the options of every request for its debug log; the agent's sockets would cost more than the poll.
  const agent = Object.assign(new Agent({ ...tls, keepAlive: true }), { [inspect.custom]: () => 'Agent' })
  const options = { ...tls, agent }
  return new Docker({ protocol: 'https', host: url.hostname, port: Number(url.port), ...options })
}

/** Every concurrency once. */
async function measureFloor(names: readonly string[]): Promise<FloorTimes[]> {
  const floor = await Floor.open(names)
  const times: FloorTimes[] = []
  for (const concurrency of CONCURRENCIES) {
    const first30Ms = await floor.start(30, concurrency, WORKLOAD_IMAGE)
    const next30Ms = await floor.start(30, concurrency, WORKLOAD_IMAGE)
    times.push({ first30Ms, next30Ms, concurrency })
    await floor.clear()
  }
  floor.close()
  return times
}

/** The medians of the concurrency that is best over all rounds: not the luckiest single try. */
function bestFloor(rounds: readonly FloorTimes[][]): FloorTimes {
  const tries = rounds.flat()
  const medians = CONCURRENCIES.map((concurrency): FloorTimes => {
    const mine = tries.filter((one) => one.concurrency === concurrency)
    return {
      concurrency,
      first30Ms: median(mine.map((one) => one.first30Ms)),
      next30Ms: median(mine.map((one) => one.next30Ms)),
    }
  })
  const total = (times: FloorTimes): number => times.first30Ms + times.next30Ms
  return medians.reduce((best, other) => (total(other) < total(best) ? other : best))
}

async function measureCluster(docker: Docker): Promise<Cycle> {
  const spec = serviceSpec(30, 1)
  const createMs = await timed(async () => {
    await docker.createService(spec as never)
    await running(docker, 30)
  })
  const scaleMs = await timed(async () => {
    await update(docker, serviceSpec(60, 1))
    await running(docker, 60)
  })
  const rolloutMs = await timed(async () => {
    await update(docker, serviceSpec(60, 2))
    await updated(docker, 60, 2)
  })
  await docker.getService(SERVICE).remove()
  await gone(docker)
  return { createMs, scaleMs, rolloutMs }
}

function serviceSpec(replicas: number, version: number): object {
  return {
    Name: SERVICE,
    TaskTemplate: {
      ContainerSpec: { Image: WORKLOAD_IMAGE, Env: [`VERSION=${version}`], StopSignal: 'SIGKILL' },
    },
    Mode: { Replicated: { Replicas: replicas } },
    UpdateConfig: { Parallelism: 20, Monitor: 1_000_000 },
  }
}

async function update(docker: Docker, spec: object): Promise<void> {
  const service = docker.getService(SERVICE)
  const { Version } = (await service.inspect()) as { Version: { Index: number } }
  await service.update({ ...spec, version: Version.Index } as never)
}

/** Waits until `replicas` tasks run. */
async function running(docker: Docker, replicas: number): Promise<void> {
  await eventually(`${replicas} running tasks`, async () => {
    const withStatus = { filters: {}, status: true }
    const [service] = (await docker.listServices(withStatus)) as unknown as ServiceRow[]
    return service?.ServiceStatus.RunningTasks === replicas
  })
}

interface ServiceRow {
  readonly ServiceStatus: { readonly RunningTasks: number }
}

/** Waits until `replicas` tasks, all of `version`, run. */
async function updated(docker: Docker, replicas: number, version: number): Promise<void> {
  await eventually(`${replicas} running tasks of version ${version}`, async () => {
    const filters = { service: [SERVICE], 'desired-state': ['running'] }
    const tasks = (await docker.listTasks({ filters })) as Task[]
    const done = tasks.filter(
      (task) => task.Status.State === 'running' && task.Spec.ContainerSpec.Env.includes(`VERSION=${version}`),
    )
    return done.length === replicas
  })
}

interface Task {
  readonly Status: { readonly State: string }
  readonly Spec: { readonly ContainerSpec: { readonly Env: string[] } }
}

async function gone(docker: Docker): Promise<void> {
  await eventually('all tasks gone', async () => ((await docker.listTasks()) as Task[]).length === 0)
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MS
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`timed out: ${what}`)
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS)
    })
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

interface Memory {
  readonly managerMb: number
  readonly agentMb: number
}

/** The resident memory of the idle daemons, in units of 10^6 bytes. */
async function residentMemory(names: readonly string[]): Promise<Memory> {
  const rss = async (host: string, daemon: string): Promise<number> => {
    const kilobytes = await mustRun(host, [
      'sh',
      '-c',
      `grep VmRSS /proc/$(cat /run/shoal/${daemon}.pid)/status | tr -dc 0-9`,
    ])
    return rounded((Number(kilobytes) * 1024) / 1e6, 1)
  }
  return {
    managerMb: await rss(names[0]!, 'manager'),
    agentMb: Math.max(...(await Promise.all(names.map((name) => rss(name, 'agent'))))),
  }
}
