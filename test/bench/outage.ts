import { certificateFolder, down, hosts, type LabMachine, mustRun, start, stop, up } from '@shoal/lab'
import { ApiClient, clientFiles, eventually } from '../support/index.js'
import { type Benchmark, type BenchmarkOptions, type Result, rounded } from './benchmark.js'
import { answeredOf, DEFAULT_PLAN, failedOf, Load, percentile, type Report } from './load/index.js'

const LAB = 'bench-outage'
const PORT = 8080
/** Fewer than hosts: some requests have to go on to another host. */
const WEB_REPLICAS = 2
const REPLICAS = 6
/** Requests per second over all hosts, each over a connection of its own: strangers come anew. */
const RATES = { connect: 200, keepalive: 0, udp: 0 }
const LONGEST_MS = 24 * 3_600_000
/** Before the managers go, and after they are back. */
const PEACE_MS = 5_000
const PATIENCE_MS = 60_000
/** Answers on the published port. */
const WEB = ['sh', '-c', 'echo ok >/tmp/index.html; exec httpd -f -p 8080 -h /tmp']

/**
 * All managers are killed and kept away for some minutes, under load on a port that the routing mesh publishes on every
 * host. What counts is
 * that no request fails and no container is restarted, neither while they are away nor when they are back.
 */
export const outage: Benchmark = async (options) => {
  options.say('bringing up a lab of three hosts, two managers and etcd …')
  await down(LAB)
  await up({ lab: LAB, hosts: 3, managers: 2, etcd: 1, say: options.say })
  try {
    return await measure(options)
  } finally {
    await down(LAB)
  }
}

async function measure({ say, minutes }: BenchmarkOptions): Promise<Result[]> {
  const machines = await hosts(LAB)
  const managers = machines.slice(0, 2)
  const api = new ApiClient(`${machines[0]!.address}:3376`, clientFiles(certificateFolder(LAB)))
  await createServices(api)
  const before = await containers(machines)

  const addresses = machines.map(({ address }) => `${address}:${PORT}`)
  await eventually(() => Promise.all(addresses.map(mustAnswer)), PATIENCE_MS)
  const load = Load.start({ ...DEFAULT_PLAN, path: '/', rates: RATES, addresses, durationMs: LONGEST_MS })
  await wait(PEACE_MS)
  say(`all managers are killed, and kept away for ${minutes} minutes …`)
  const goneMs = Date.now()
  await Promise.all(managers.map(({ name }) => stop(name, 'manager')))
  await wait(minutes * 60_000)
  const backMs = Date.now()
  await Promise.all(managers.map(({ name }) => start(name, 'manager')))
  await writesAgain(api)
  const writesMs = Date.now() - backMs
  await untilReady(api, machines.length)
  await wait(PEACE_MS)
  load.stop()
  const report = await load.report()
  const after = await containers(machines)
  api.close()
  for (const { atMs, kind, address, message } of report.failures)
    say(`after ${rounded(atMs / 1000)} s: ${kind} at ${address}: ${message}`)
  return results(report, countChanges(before, after), (backMs - goneMs) / 1000, writesMs)
}

function results(report: Report, changed: number, awayS: number, writesMs: number): Result[] {
  const latencies = report.modes.connect?.latencies ?? []
  const within = (share: number): string => `${rounded(percentile(latencies, share))} ms`
  const note = `median ${within(0.5)}, 99.9 % within ${within(0.999)}`
  const failed = failedOf(report)
  return [
    { name: 'outage-s', value: rounded(awayS, 0), unit: 's', note: 'without any manager' },
    { name: 'requests', value: answeredOf(report) + failed, unit: 'requests', note },
    { name: 'failed-requests', value: failed, unit: 'requests' },
    { name: 'changed-containers', value: changed, unit: 'count', note: 'restarted, ended or new' },
    { name: 'back-ms', value: writesMs, unit: 'ms', note: 'from the start of the managers to a write' },
  ]
}

async function createServices(api: ApiClient): Promise<void> {
  const published = { Protocol: 'tcp', TargetPort: PORT, PublishedPort: PORT, PublishMode: 'ingress' }
  const image = { Image: 'shoal-busybox:1' }
  await mustCreate(api, {
    Name: 'web',
    TaskTemplate: { ContainerSpec: { ...image, Command: WEB } },
    Mode: { Replicated: { Replicas: WEB_REPLICAS } },
    EndpointSpec: { Ports: [published] },
  })
  await mustCreate(api, {
    Name: 'bystander',
    TaskTemplate: { ContainerSpec: image },
    Mode: { Replicated: { Replicas: REPLICAS } },
  })
  await eventually(async () => {
    const running = (await api.tasks()).filter(({ Status }) => Status.State === 'running')
    if (running.length < WEB_REPLICAS + REPLICAS) throw new Error('not everything runs yet')
  }, PATIENCE_MS)
}

async function mustCreate(api: ApiClient, spec: object): Promise<void> {
  const { status, message } = await api.call('POST', '/services/create', spec)
  if (status !== 201) throw new Error(`a service could not be created: ${status} ${message}`)
}

async function mustAnswer(address: string): Promise<void> {
  const { ok } = await fetch(`http://${address}/`)
  if (!ok) throw new Error(`${address} does not serve yet`)
}

/** Waits until a manager takes a write. */
async function writesAgain(api: ApiClient): Promise<void> {
  await eventually(
    () => mustCreate(api, { Name: 'late', TaskTemplate: { ContainerSpec: { Image: 'shoal-busybox:1' } } }),
    PATIENCE_MS,
  )
  await api.call('DELETE', '/services/late')
}

async function untilReady(api: ApiClient, count: number): Promise<void> {
  await eventually(async () => {
    const ready = (await api.nodes()).filter(({ Status }) => Status.State === 'ready')
    if (ready.length < count) throw new Error(`${ready.length} of ${count} nodes are ready`)
  }, PATIENCE_MS)
}

/** Each container of the two services, with the moment of its latest start. */
async function containers(machines: readonly LabMachine[]): Promise<Set<string>> {
  const inspect = "docker inspect -f '{{.Id}} {{.State.Running}} {{.State.StartedAt}} {{.RestartCount}}'"
  const ids = (service: string): string =>
    `$(docker ps -aq --filter label=com.docker.swarm.service.name=${service})`
  const script = `${inspect} ${ids('web')} ${ids('bystander')}`
  const lines = await Promise.all(machines.map(({ name }) => mustRun(name, ['sh', '-c', script])))
  return new Set(lines.flatMap((text) => text.split('\n')).filter(Boolean))
}

function countChanges(before: ReadonlySet<string>, after: ReadonlySet<string>): number {
  const ids = [...before, ...after]
    .filter((line) => !(before.has(line) && after.has(line)))
    .map((line) => line.split(' ')[0])
  return new Set(ids).size
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
