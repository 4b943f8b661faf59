import { type Random, seededRandom, sleep, systemClock, systemRandom } from '@shoal/common'
import type { Task } from '@shoal/engine-api'
import { cutOff, fillDisk, freeDisk, heal, start, stop } from '@shoal/lab'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  Cluster,
  type ContainerEvent,
  type Daemon,
  type DockerHost,
  eventually,
  IMAGE_1,
  IMAGE_2,
  leastRunning,
  slotsRunningTwice,
} from '../support/index.js'

const REPLICAS = 6
const PARALLELISM = 2
/** About as long as the rollout takes. */
const ROLLOUT_MS = 3000
const PATIENCE_MS = 60_000
const DISK_MB = 512
const QUICK = [
  '--update-monitor',
  '200ms',
  '--update-parallelism',
  String(PARALLELISM),
  '--stop-grace-period',
  '1s',
]
/** Leaves a trace of every start in the container's own file system, and ends when it is asked to. */
const COUNTED = [
  IMAGE_1,
  'sh',
  '-c',
  'echo started >>/starts; trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done',
]

describe('faults in the midst of work', () => {
  const seed = Number(process.env['SHOAL_TEST_SEED'] ?? Math.floor(systemRandom.next() * 1e9))
  let random: Random
  let cluster: Cluster
  let since: string

  beforeAll(async () => {
    console.log(`faults: SHOAL_TEST_SEED=${seed} replays these moments`)
    random = seededRandom(seed)
    cluster = await Cluster.form({ hosts: 3, diskMb: DISK_MB })
  })
  afterAll(() => cluster?.end())
  // Before, and not after: a story that failed may have left anything.
  beforeEach(async () => {
    await cluster.mend()
    await cluster.clear()
    since = await cluster.manager.now()
  })

  const create = (name: string, ...args: string[]): Promise<string> =>
    cluster.mustCtl('service', 'create', '--name', name, ...QUICK, ...args, ...COUNTED)

  /** Each running container of a service, with the moment of its start, by its task. */
  async function lives(service: string): Promise<Map<string, string>> {
    const running = (await cluster.containers(service)).filter((container) => container.running)
    return new Map(running.map(({ taskId, id, startedAt }) => [taskId, `${id} ${startedAt}`]))
  }

  /** The hosts run exactly the tasks that are desired: one container for each, in a slot of its own. */
  async function exactlyTheDesiredRun(service: string, replicas: number): Promise<Task[]> {
    const tasks = (await cluster.api.tasks(service)).filter((task) => task.DesiredState === 'running')
    const running = (await cluster.containers(service)).filter((container) => container.running)
    expect(running.map(({ taskId }) => taskId).sort()).toEqual(tasks.map(({ ID }) => ID).sort())
    expect(tasks.map(({ Status }) => Status.State)).toEqual(tasks.map(() => 'running'))
    expect(new Set(tasks.map(({ Slot }) => Slot)).size).toBe(replicas)
    return tasks
  }

  /** How often each running container of Shoal's was started. */
  async function starts(): Promise<number[]> {
    const counted = await Promise.all(
      cluster.hosts.map((host) =>
        host.mustRun([
          'sh',
          '-c',
          'for id in $(docker ps -q --filter label=io.shoal.task.id); do docker exec $id cat /starts | wc -l; done',
        ]),
      ),
    )
    return counted.flatMap((lines) => lines.split('\n').filter(Boolean).map(Number))
  }

  const nodeState = async (host: DockerHost): Promise<string | undefined> =>
    (await cluster.api.nodes()).find(({ Description }) => Description.Hostname === host.name)?.Status.State

  /** Every host is ready, and the containers of `web` are those that they were, untouched. */
  async function allIsAsBefore(before: ReadonlyMap<string, string>): Promise<void> {
    await eventually(async () => {
      for (const host of cluster.hosts) expect(await nodeState(host)).toBe('ready')
      await exactlyTheDesiredRun('web', before.size)
    })
    expect(await lives('web')).toEqual(before)
  }

  /** What happened to the containers of a service on some hosts during this story. */
  async function events(service: string, hosts = cluster.hosts): Promise<ContainerEvent[]> {
    const all = (await Promise.all(hosts.map((host) => host.events(since)))).flat()
    return all.filter((event) => event.serviceName === service).sort((a, b) => a.atMs - b.atMs)
  }

  async function rolloutCompletes(image: string): Promise<void> {
    await eventually(async () => {
      expect((await cluster.api.service('web')).UpdateStatus).toMatchObject({
        State: 'completed',
        Message: 'update completed',
      })
      const tasks = await exactlyTheDesiredRun('web', REPLICAS)
      expect(new Set(tasks.map(({ Spec }) => Spec.ContainerSpec?.Image))).toEqual(new Set([image]))
    }, PATIENCE_MS)
  }

  test.each<Daemon>(['manager', 'agent', 'dockerd'])(
    'kill -9 of the %s at a random moment of a rollout, twice',
    async (daemon) => {
      await Promise.all([
        create('bystander', '--replicas', '3'),
        create('web', '--replicas', String(REPLICAS)),
      ])
      const before = await lives('bystander')
      for (const image of [IMAGE_2, IMAGE_1]) {
        const atMs = Math.floor(random.next() * ROLLOUT_MS)
        const index = daemon === 'manager' ? 0 : Math.floor(random.next() * cluster.hosts.length)
        console.log(`faults: kill -9 of the ${daemon} of ${cluster.hosts[index]!.name} after ${atMs} ms`)

        await cluster.mustCtl('service', 'update', '--detach', '--image', image, 'web')
        await sleep(systemClock, atMs)
        await cluster.hosts[index]!.kill9(daemon)

        await rolloutCompletes(image)
        expect(await lives('bystander')).toEqual(before)
        await exactlyTheDesiredRun('bystander', 3)
        expect(await starts()).toEqual(Array.from({ length: REPLICAS + 3 }, () => 1))
      }
    },
  )

  test('agents and engines that restart, and a manager that is away, leave containers alone; ctl says that it cannot connect', async () => {
    await create('web', '--replicas', '3')
    const before = await lives('web')
    for (const daemon of ['agent', 'dockerd'] as const) {
      await Promise.all(cluster.hosts.map((host) => host.kill9(daemon)))
      await sleep(systemClock, 1000)
      await allIsAsBefore(before)
    }

    await stop(cluster.manager.id, 'manager')
    const [remote, local] = await Promise.all([
      cluster.ctl('service', 'ls'),
      cluster.manager.run(['ctl', 'service', 'ls']),
    ])
    expect([remote.code, local.code]).toEqual([1, 1])
    expect(remote.stderr).toMatch(/Cannot connect to the Shoal manager at tcp:\/\/[\d.]+:3376/)
    expect(local.stderr).toMatch(
      /Cannot connect to the Shoal manager at unix:\/\/\/run\/shoal\/manager\.sock/,
    )
    await sleep(systemClock, 1000)
    expect(await lives('web')).toEqual(before)

    await start(cluster.manager.id, 'manager')
    await allIsAsBefore(before)
    await cluster.mustCtl('service', 'scale', 'web=4')
    const after = await lives('web')
    for (const [task, life] of before) expect(after.get(task)).toBe(life)
    expect(after.size).toBe(4)
  })

  test('a container that dies is replaced by a new task', async () => {
    await create('web', '--replicas', '3', '--restart-delay', '100ms')
    const victim = (await cluster.containers('web'))[0]!
    await victim.host.mustRun(['docker', 'kill', victim.id])
    await eventually(async () => {
      const tasks = await exactlyTheDesiredRun('web', 3)
      expect(tasks.map(({ ID }) => ID)).not.toContain(victim.taskId)
    })
    const failed = (await cluster.api.tasks('web')).find(({ ID }) => ID === victim.taskId)
    expect(failed?.Status).toMatchObject({ State: 'failed', Err: 'task: non-zero exit (137)' })
  })

  test('a host that is cut off in the midst of a rollout holds nothing up, and brings nothing back twice when it is healed', async () => {
    await soonMissed()
    await Promise.all([
      create('bystander', '--replicas', '3'),
      create('web', '--replicas', String(REPLICAS), '--update-delay', '1s'),
    ])
    const lost = cluster.hosts[2]!
    const connected = cluster.hosts.slice(0, 2)
    await cluster.mustCtl('service', 'update', '--detach', '--image', IMAGE_2, 'web')
    const atMs = Math.floor(random.next() * 2000)
    console.log(`faults: ${lost.name} is cut off after ${atMs} ms`)
    await sleep(systemClock, atMs)
    await cutOff(lost.id)
    await eventually(async () => expect(await nodeState(lost)).toBe('down'))
    await heal(lost.id)

    await rolloutCompletes(IMAGE_2)
    await eventually(() => exactlyTheDesiredRun('bystander', 3))
    expect(await nodeState(lost)).toBe('ready')
    const web = await events('web', connected)
    expect(slotsRunningTwice(web)).toEqual([])
    expect(leastRunning(await events('web'), REPLICAS)).toBeGreaterThanOrEqual(REPLICAS - PARALLELISM)
    expect((await events('bystander', connected)).filter(({ kind }) => kind === 'end')).toEqual([])
  })

  test('with a full disk the manager refuses writes, loses nothing and goes on with a rollout when there is space', async () => {
    await Promise.all([
      create('bystander', '--replicas', '3'),
      // Its own engine cannot make containers either: that is not what this is about.
      create(
        'web',
        '--replicas',
        String(REPLICAS),
        '--update-delay',
        '1s',
        '--update-failure-action',
        'continue',
      ),
    ])
    const before = await lives('bystander')
    const pids = await daemonPids()
    await cluster.mustCtl('service', 'update', '--detach', '--image', IMAGE_2, 'web')
    await fillDisk(cluster.manager.id)
    const note = (name: string) =>
      cluster.api.call('POST', '/services/create', {
        Name: name,
        TaskTemplate: { ContainerSpec: { Image: IMAGE_1 } },
        Mode: { Replicated: { Replicas: 0 } },
      })
    const kept: string[] = []
    const refused = await eventually(async () => {
      const answer = await note(`note${kept.length}`)
      if (answer.status === 201) kept.push(`note${kept.length}`)
      expect(answer.status).toBe(503)
      return answer
    })
    expect(refused.message).toMatch(/the embedded store cannot write: .*No space left on device/)
    expect((await cluster.api.nodes()).map(({ Status }) => Status.State)).toEqual(['ready', 'ready', 'ready'])
    expect(await lives('bystander')).toEqual(before)

    await freeDisk(cluster.manager.id)
    await eventually(async () => expect((await note('afterwards')).status).toBe(201))
    await rolloutCompletes(IMAGE_2)
    const names = (await cluster.api.services()).map(({ Spec }) => Spec.Name)
    expect(names).toEqual(expect.arrayContaining(['bystander', 'web', 'afterwards', ...kept]))
    expect(await lives('bystander')).toEqual(before)
    expect(await daemonPids()).toEqual(pids)
  })

  test('the tasks of a host that is switched off, and of one that hangs, run elsewhere, and their own go when they return', async () => {
    await soonMissed()
    const [remaining, off, hanging] = cluster.hosts as [DockerHost, DockerHost, DockerHost]
    await create('web', '--replicas', '6')
    const survivors = await remaining.containers()

    await Promise.all([off.powerOff(), hanging.freeze()])
    const nodeId = await cluster.nodeId(remaining)
    await eventually(async () => {
      for (const host of [off, hanging]) expect(await nodeState(host)).toBe('down')
      const running = await cluster.runningTasks('web')
      expect(running.map(({ NodeID }) => NodeID)).toEqual(Array.from({ length: 6 }, () => nodeId))
    })
    expect(await remaining.containers()).toEqual(expect.arrayContaining(survivors))

    await Promise.all([off.powerOn(), hanging.thaw()])
    await eventually(async () => {
      for (const host of [off, hanging]) {
        expect(await nodeState(host)).toBe('ready')
        expect((await host.containers()).filter(({ running }) => running)).toEqual([])
      }
      await exactlyTheDesiredRun('web', 6)
    })
  })

  /** From now on the absence of a host is noticed within seconds. */
  const soonMissed = (): Promise<string> => cluster.mustCtl('swarm', 'update', '--dispatcher-heartbeat', '2s')

  const daemonPids = (): Promise<string> =>
    cluster.manager.mustRun(['cat', '/run/shoal/manager.pid', '/run/shoal/agent.pid'])
})
