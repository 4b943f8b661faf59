import { type Random, seededRandom, sleep, systemClock, systemRandom } from '@shoal/common'
import type { Task } from '@shoal/engine-api'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Cluster, type Daemon, type DockerHost, eventually, IMAGE_1, IMAGE_2 } from '../support/index.js'

const REPLICAS = 9
/** About as long as the rollout takes. */
const ROLLOUT_MS = 5000
const PATIENCE_MS = 60_000
const QUICK = ['--update-monitor', '200ms', '--update-parallelism', '2', '--stop-grace-period', '1s']
/** Leaves a trace of every start in the container's own file system. */
const COUNTED = [IMAGE_1, 'sh', '-c', 'echo started >>/starts; exec sleep 100000']

describe('faults in the midst of work', () => {
  const seed = Number(process.env['SHOAL_TEST_SEED'] ?? Math.floor(systemRandom.next() * 1e9))
  let random: Random
  let cluster: Cluster

  beforeAll(async () => {
    console.log(`faults: SHOAL_TEST_SEED=${seed} replays these moments`)
    random = seededRandom(seed)
    cluster = await Cluster.form({ hosts: 3 })
  })
  afterAll(() => cluster?.end())
  afterEach(() => cluster.clear())

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

  const rounds: [Daemon, number][] = [
    ['manager', 1],
    ['manager', 2],
    ['agent', 1],
    ['agent', 2],
    ['dockerd', 1],
    ['dockerd', 2],
  ]
  test.each(rounds)('kill -9 of the %s at a random moment of a rollout (%i)', async (daemon) => {
    await Promise.all([create('bystander', '--replicas', '3'), create('web', '--replicas', String(REPLICAS))])
    const before = await lives('bystander')
    const atMs = Math.floor(random.next() * ROLLOUT_MS)
    const index = daemon === 'manager' ? 0 : Math.floor(random.next() * cluster.hosts.length)
    console.log(`faults: kill -9 of the ${daemon} of ${cluster.hosts[index]!.name} after ${atMs} ms`)

    await cluster.mustCtl('service', 'update', '--detach', '--image', IMAGE_2, 'web')
    await sleep(systemClock, atMs)
    await cluster.hosts[index]!.kill9(daemon)

    await eventually(async () => {
      expect((await cluster.api.service('web')).UpdateStatus).toMatchObject({
        State: 'completed',
        Message: 'update completed',
      })
      const tasks = await exactlyTheDesiredRun('web', REPLICAS)
      expect(new Set(tasks.map(({ Spec }) => Spec.ContainerSpec?.Image))).toEqual(new Set([IMAGE_2]))
    }, PATIENCE_MS)
    expect(await lives('bystander')).toEqual(before)
    await exactlyTheDesiredRun('bystander', 3)
    expect(await starts()).toEqual(Array.from({ length: REPLICAS + 3 }, () => 1))
  })

  test('an agent or an engine that restarts finds its containers and leaves them alone', async () => {
    await create('web', '--replicas', '6')
    const before = await lives('web')
    for (const daemon of ['agent', 'dockerd'] as const) {
      await Promise.all(cluster.hosts.map((host) => host.kill9(daemon)))
      await sleep(systemClock, 1000)
      await eventually(async () => {
        for (const host of cluster.hosts) expect(await nodeState(host)).toBe('ready')
        await exactlyTheDesiredRun('web', 6)
      })
      expect(await lives('web')).toEqual(before)
    }
  })

  test('without the manager containers stay, and ctl says that it cannot connect', async () => {
    await create('web', '--replicas', '3')
    const before = await lives('web')
    await cluster.manager.halt('manager')

    const remote = await cluster.ctl('service', 'ls')
    expect(remote.code).toBe(1)
    expect(remote.stderr).toMatch(/Cannot connect to the Shoal manager at tcp:\/\/[\d.]+:3376/)
    const local = await cluster.manager.run(['ctl', 'service', 'ls'])
    expect(local.code).toBe(1)
    expect(local.stderr).toMatch(
      /Cannot connect to the Shoal manager at unix:\/\/\/run\/shoal\/manager\.sock/,
    )
    await sleep(systemClock, 3000)
    expect(await lives('web')).toEqual(before)

    await cluster.manager.startDaemons()
    await eventually(async () => {
      for (const host of cluster.hosts) expect(await nodeState(host)).toBe('ready')
    })
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

  const absences: [string, (host: DockerHost) => Promise<void>, (host: DockerHost) => Promise<void>][] = [
    ['is switched off', (host) => host.powerOff(), (host) => host.powerOn()],
    ['hangs while its containers run on', (host) => host.freeze(), (host) => host.thaw()],
  ]
  test.each(absences)(
    'the tasks of a host that %s run elsewhere, and its own go when it returns',
    async (_what, leave, comeBack) => {
      // So that the absence is noticed within seconds.
      await cluster.mustCtl('swarm', 'update', '--dispatcher-heartbeat', '2s')
      const lost = cluster.hosts[2]!
      const others = cluster.hosts.slice(0, 2)
      await create('web', '--replicas', '6')
      const survivors = (await Promise.all(others.map((host) => host.containers()))).flat()

      await leave(lost)
      const nodeId = await cluster.nodeId(lost)
      await eventually(async () => {
        expect(await nodeState(lost)).toBe('down')
        const running = await cluster.runningTasks('web')
        expect(running).toHaveLength(6)
        expect(running.map(({ NodeID }) => NodeID)).not.toContain(nodeId)
      })
      expect((await Promise.all(others.map((host) => host.containers()))).flat()).toEqual(
        expect.arrayContaining(survivors),
      )

      await comeBack(lost)
      await eventually(async () => {
        expect(await nodeState(lost)).toBe('ready')
        expect((await lost.containers()).filter(({ running }) => running)).toEqual([])
        await exactlyTheDesiredRun('web', 6)
      })
    },
  )
})
