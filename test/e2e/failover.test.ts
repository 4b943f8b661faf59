import { sleep, systemClock, systemRandom } from '@shoal/common'
import { fillDisk, freeDisk, pause, restart, resume, untilEtcdAnswers } from '@shoal/lab'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type ApiAnswer,
  Cluster,
  type ContainerEvent,
  type DockerHost,
  eventually,
  IMAGE_1,
  IMAGE_2,
  leastRunning,
} from '../support/index.js'

const REPLICAS = 6
const PARALLELISM = 2
const PATIENCE_MS = 60_000
const QUICK = ['--update-monitor', '200ms', '--stop-grace-period', '1s']
/** Ends when it is asked to. */
const COMMAND = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done']
const DISK_MB = 512
/** The leader key's lease, and a second for etcd to notice. */
const LEASE_OVER_MS = 6_000

describe('two managers on an etcd of three members', () => {
  let cluster: Cluster
  let since: string

  beforeAll(async () => {
    cluster = await Cluster.form({ hosts: 3, managers: 2, etcd: 3, diskMb: DISK_MB })
  })
  afterAll(() => cluster?.end())
  // Before, and not after: a story that failed may have left anything.
  beforeEach(async () => {
    await cluster.mend()
    await leader()
    await cluster.clear()
    since = await cluster.manager.now()
  })

  /** The manager that leads and the one that follows, once both are there and all hosts are ready. */
  async function leader(): Promise<{ primary: DockerHost; secondary: DockerHost }> {
    return eventually(async () => {
      const nodes = await cluster.api.nodes()
      expect(nodes.map(({ Status }) => Status.State)).toEqual(['ready', 'ready', 'ready'])
      const managers = nodes.filter(({ ManagerStatus }) => ManagerStatus?.Reachability === 'reachable')
      expect(managers).toHaveLength(2)
      const host = (leads: boolean): DockerHost =>
        cluster.host(
          managers.find(({ ManagerStatus }) => (ManagerStatus?.Leader ?? false) === leads)!.Description
            .Hostname,
        )
      return { primary: host(true), secondary: host(false) }
    }, PATIENCE_MS)
  }

  const create = (name: string, ...args: string[]): Promise<string> =>
    cluster.mustCtl('service', 'create', '--name', name, ...QUICK, ...args, IMAGE_1, ...COMMAND)

  /** What happened to the containers of a service during this test; hosts whose engine forgot may be left out. */
  async function events(service: string, hosts = cluster.hosts): Promise<ContainerEvent[]> {
    const all = (await Promise.all(hosts.map((host) => host.events(since)))).flat()
    return all.filter((event) => event.serviceName === service).sort((a, b) => a.atMs - b.atMs)
  }

  /** Two services of which one is not to be touched, and the beginning of a rollout of the other. */
  async function beginRollout(...flags: string[]): Promise<void> {
    await Promise.all([
      create('bystander', '--replicas', '3'),
      create('web', '--replicas', String(REPLICAS), '--update-parallelism', String(PARALLELISM), ...flags),
    ])
    await cluster.mustCtl('service', 'update', '--detach', '--image', IMAGE_2, 'web')
  }

  async function rolloutCompletes(seenBy: DockerHost, image = IMAGE_2): Promise<void> {
    const api = cluster.apiOf(seenBy)
    await eventually(async () => {
      expect((await api.service('web')).UpdateStatus).toMatchObject({ State: 'completed' })
      const tasks = (await api.tasks('web')).filter(({ DesiredState }) => DesiredState === 'running')
      expect(tasks.map(({ Status }) => Status.State)).toEqual(tasks.map(() => 'running'))
      expect(tasks).toHaveLength(REPLICAS)
      expect(new Set(tasks.map(({ Slot }) => Slot)).size).toBe(REPLICAS)
      expect(new Set(tasks.map(({ Spec }) => Spec.ContainerSpec?.Image))).toEqual(new Set([image]))
      const running = (await cluster.containers('web')).filter((container) => container.running)
      expect(running.map(({ taskId }) => taskId).sort()).toEqual(tasks.map(({ ID }) => ID).sort())
    }, PATIENCE_MS)
  }

  /** From the engines' own records: in each rollout each slot was replaced once, never more at a time than allowed, and nothing else. */
  async function nothingWasRestarted(rollouts = 1): Promise<void> {
    const web = await events('web')
    const started = web.filter(({ kind }) => kind === 'start').map(({ containerId }) => containerId)
    expect(started).toHaveLength((rollouts + 1) * REPLICAS)
    expect(new Set(started).size).toBe(started.length)
    expect(leastRunning(web, REPLICAS)).toBeGreaterThanOrEqual(REPLICAS - PARALLELISM)
    expect((await events('bystander')).map(({ kind }) => kind)).toEqual(['start', 'start', 'start'])
  }

  test('kill -9 of the primary, twice: the other manager goes on with the rollout where it stood', async () => {
    await beginRollout()
    for (const image of [IMAGE_2, IMAGE_1]) {
      const { primary, secondary } = await leader()
      if (image === IMAGE_1) await cluster.mustCtl('service', 'update', '--detach', '--image', image, 'web')
      const atMs = Math.floor(systemRandom.next() * 2500)
      console.log(`failover: kill -9 of the primary after ${atMs} ms`)
      await sleep(systemClock, atMs)
      await primary.kill9('manager')
      await rolloutCompletes(secondary, image)
      expect((await leader()).primary).toBe(secondary)
    }
    await nothingWasRestarted(2)
  })

  test('a primary that stood still in the midst of a rollout writes nothing more, and follows', async () => {
    const { primary, secondary } = await leader()
    await beginRollout('--update-parallelism', '1', '--update-delay', '1s')
    await sleep(systemClock, 1000)
    await pause(primary.id, 'manager')
    await eventually(async () => {
      const nodes = await cluster.apiOf(secondary).nodes()
      const leading = nodes.find(({ ManagerStatus }) => ManagerStatus?.Leader)
      expect(leading?.Description.Hostname).toBe(secondary.name)
    })
    expect((await cluster.apiOf(secondary).service('web')).UpdateStatus?.State).toBe('updating')

    await resume(primary.id, 'manager')
    await rolloutCompletes(secondary)

    expect(await leader()).toEqual({ primary: secondary, secondary: primary })
    await nothingWasRestarted()
    expect((await primary.run(['grep', '-c', 'leads no more', MANAGER_LOG])).stdout.trim()).toBe('1')
    expect((await secondary.run(['grep', '-c', 'leads no more', MANAGER_LOG])).stdout.trim()).toBe('0')
  })

  test('when one member of etcd after the other is lost and returns, and one has a full disk, nobody notices', async () => {
    const { primary } = await leader()
    await beginRollout()
    const writes = beginWriting(cluster)
    for (const member of cluster.etcd) {
      await member.stop()
      await sleep(systemClock, 1500)
      await member.start()
    }
    // It goes on for as long as its log has room that it set aside before; or ends again and again.
    const full = cluster.etcd[0]!
    await fillDisk(full.id)
    await sleep(systemClock, 1500)
    await freeDisk(full.id)
    await untilEtcdAnswers(full.id)
    const answers = await writes.end()
    await rolloutCompletes(primary)
    expect(
      answers.filter(({ status }) => status !== 200).map(({ status, message }) => ({ status, message })),
    ).toEqual([])
    expect(answers.length).toBeGreaterThan(20)
    expect((await leader()).primary).toBe(primary)
    await nothingWasRestarted()
  })

  test('without etcd the containers go on and writes are refused clearly; when it returns, the rollout goes on', async () => {
    await beginRollout('--update-delay', '500ms')
    await Promise.all(cluster.etcd.map((member) => member.stop()))
    await sleep(systemClock, LEASE_OVER_MS)
    const before = await events('web')
    const spec = (Name: string): object => ({ Name, TaskTemplate: { ContainerSpec: { Image: IMAGE_1 } } })
    const refusals = await Promise.all(
      cluster.hosts
        .slice(0, 2)
        .map((host) => cluster.apiOf(host).call('POST', '/services/create', spec(`late-${host.name}`))),
    )
    for (const { status, message } of refusals) {
      expect(status).toBe(503)
      expect(message).toMatch(/no primary manager at present|etcd cannot be reached/)
    }
    expect(await events('web')).toEqual(before)

    await Promise.all(cluster.etcd.map((member) => member.start()))
    const { primary } = await leader()
    await rolloutCompletes(primary)
    await nothingWasRestarted()
    const names = (await cluster.api.services()).map(({ Spec }) => Spec.Name)
    expect(new Set(names)).toEqual(new Set(['bystander', 'web']))
  })

  test('an engine that restarts in the midst of a rollout holds nothing up', async () => {
    const { primary } = await leader()
    await beginRollout()
    const restarted = cluster.hosts[2]!
    const bystanders = await lives('bystander')
    await sleep(systemClock, Math.floor(systemRandom.next() * 2000))
    await restart(restarted.id, 'dockerd')
    await rolloutCompletes(primary)
    expect(await lives('bystander')).toEqual(bystanders)
    const others = cluster.hosts.filter((host) => host !== restarted)
    const bystanderEvents = await events('bystander', others)
    expect(bystanderEvents.filter(({ kind }) => kind === 'end')).toEqual([])
  })

  test("a full disk of the primary's host stops neither the manager nor the agent: writes are taken, a rollout goes on elsewhere", async () => {
    const host = cluster.manager
    // The host that has the disk is to lead.
    const { secondary } = await leader()
    if (secondary === host) await restart((await leader()).primary.id, 'manager')
    await eventually(async () => expect((await leader()).primary).toBe(host))
    const daemonPids = (): Promise<string> =>
      host.mustRun(['cat', '/run/shoal/manager.pid', '/run/shoal/agent.pid'])
    const pids = await daemonPids()
    // Its engine can make no containers: each that is tried there costs a failure.
    await beginRollout('--update-failure-action', 'continue', '--restart-delay', '100ms')
    const bystanders = await lives('bystander')
    await fillDisk(host.id)
    const writes = beginWriting(cluster)
    await rolloutCompletes(host)
    const answers = await writes.end()
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    expect((await leader()).primary).toBe(host)
    expect(await lives('bystander')).toEqual(bystanders)

    await freeDisk(host.id)
    await cluster.mustCtl('service', 'scale', 'bystander=6')
    expect((await cluster.runningTasks('bystander')).length).toBe(6)
    expect(await daemonPids()).toEqual(pids)
  })

  /** Each container of a service with the moment of its latest start. */
  async function lives(service: string): Promise<string[]> {
    const containers = await cluster.containers(service)
    return containers.map(({ id, running, startedAt }) => `${id} ${running} ${startedAt}`).sort()
  }
})

const MANAGER_LOG = '/var/lib/shoal/manager/manager.log'

/** Labels the cluster again and again, each time when the answer has come. @returns ends it, with the answers */
function beginWriting(cluster: Cluster): { end(): Promise<ApiAnswer[]> } {
  const answers: ApiAnswer[] = []
  let isEnding = false
  const writing = (async () => {
    for (let count = 1; !isEnding; count++) {
      const answer = await writeOnce(cluster, count)
      answers.push(answer)
      await sleep(systemClock, 50)
    }
  })()
  return {
    end: async () => {
      isEnding = true
      await writing
      return answers
    },
  }
}

async function writeOnce(cluster: Cluster, count: number): Promise<ApiAnswer> {
  const { ID, Version, Spec } = await cluster.api.service('bystander')
  const spec = { ...Spec, Labels: { count: String(count) } }
  return cluster.api.call('POST', `/services/${ID}/update?version=${Version.Index}`, spec)
}
