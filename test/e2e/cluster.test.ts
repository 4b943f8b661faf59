import type { Service, Task } from '@shoal/engine-api'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Cluster, eventually, IMAGE_1, IMAGE_2, type Sample, sampleTasks } from '../support/index.js'

const SAMPLE_MS = 50
const PARALLELISM = 2
const DELAY_MS = 2000
/** Nobody listens there, so that the pull fails at once. */
const NO_SUCH_IMAGE = 'localhost:1/missing:1'
const IN_MOTION = new Set(['new', 'pending', 'assigned', 'accepted', 'preparing', 'ready', 'starting'])
/** A monitor that is short keeps the stories short. */
const QUICK = ['--update-monitor', '500ms', '--rollback-monitor', '500ms', '--stop-grace-period', '1s']

describe('services on three Docker hosts', () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await Cluster.form({ hosts: 3 })
  })
  afterAll(() => cluster?.end())
  afterEach(() => cluster.clear())

  const create = (name: string, ...args: string[]): Promise<string> =>
    cluster.mustCtl('service', 'create', '--name', name, ...QUICK, ...args, IMAGE_1, 'sleep', '100000')
  const updateState = async (name: string): Promise<Service['UpdateStatus']> =>
    (await cluster.api.service(name)).UpdateStatus

  test('a service converges, is spread over the hosts, scaled, and removed with its containers', async () => {
    const created = await create('web', '--replicas', '6')
    expect(created).toMatch(/verify: Service \w+ converged/)
    const spread = (await cluster.containers('web')).map(({ host }) => host.name).sort()
    expect(spread).toEqual(['host1', 'host1', 'host2', 'host2', 'host3', 'host3'])

    await cluster.mustCtl('service', 'scale', 'web=2')
    await eventually(async () => {
      const running = (await cluster.containers('web')).filter((container) => container.running)
      expect(running.map(({ taskId }) => taskId).sort()).toEqual(
        (await cluster.runningTasks('web')).map(({ ID }) => ID).sort(),
      )
      expect(running).toHaveLength(2)
    })

    await cluster.mustCtl('service', 'rm', 'web')
    await eventually(async () => expect(await cluster.containers('web')).toEqual([]))
    expect(await cluster.api.tasks()).toEqual([])
  })

  test('an update has never more than its parallelism in motion and waits between batches', async () => {
    await create('web', '--replicas', '6')
    const before = await cluster.runningTasks('web')
    const batches = ['--update-parallelism', String(PARALLELISM), '--update-delay', `${DELAY_MS}ms`]

    const samples = await sampleTasks(cluster.api, 'web', SAMPLE_MS, () =>
      cluster.mustCtl('service', 'update', ...batches, '--image', IMAGE_2, 'web'),
    )

    expect(Math.max(...samples.map(slotsInMotion))).toBeLessThanOrEqual(PARALLELISM)
    expect(samples.some((sample) => slotsInMotion(sample) > 0)).toBe(true)
    expect(Math.min(...samples.map(runningCount))).toBeGreaterThanOrEqual(6 - PARALLELISM)
    const gaps = gapsBetweenBatches(samples, new Set(before.map(({ ID }) => ID)))
    expect(gaps).toHaveLength(2)
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(DELAY_MS - 2 * SAMPLE_MS)
    expect(
      (await cluster.containers('web')).filter(({ running }) => running).map(({ image }) => image),
    ).toEqual(Array.from({ length: 6 }, () => IMAGE_2))
    expect(await updateState('web')).toMatchObject({ State: 'completed', Message: 'update completed' })
  })

  test('a rollback brings the previous spec back', async () => {
    await create('web', '--replicas', '2')
    await cluster.mustCtl('service', 'update', '--image', IMAGE_2, 'web')
    expect(await cluster.mustCtl('service', 'rollback', 'web')).toMatch(/converged/)
    expect((await cluster.runningTasks('web')).map(imageOf)).toEqual([IMAGE_1, IMAGE_1])
    expect(await updateState('web')).toMatchObject({ State: 'rollback_completed' })
  })

  test('an update to a broken image pauses, says why, and costs no replica', async () => {
    await create('web', '--replicas', '3')
    const before = await containersByTask(cluster, 'web')

    const { code, stderr } = await cluster.ctl('service', 'update', '--image', NO_SUCH_IMAGE, 'web')

    expect(code).toBe(1)
    expect(stderr).toMatch(
      /service update paused: update paused due to failure or early termination of task \w+/,
    )
    const status = await updateState('web')
    expect(status?.State).toBe('paused')
    expect(status?.Message).toMatch(
      /^update paused due to failure or early termination of task \w+.*localhost:1\/missing:1/,
    )
    expect(await containersByTask(cluster, 'web')).toEqual(before)
  })

  test('with failure action rollback, it is taken back by itself, with the reason', async () => {
    await create('web', '--replicas', '3', '--update-failure-action', 'rollback')
    const before = await containersByTask(cluster, 'web')

    const { code, stderr } = await cluster.ctl('service', 'update', '--image', NO_SUCH_IMAGE, 'web')

    expect(code).toBe(1)
    expect(stderr).toMatch(
      /service rolled back: .*update rolled back due to failure or early termination of task/,
    )
    await eventually(async () => {
      const status = await updateState('web')
      expect(status?.State).toBe('rollback_completed')
      expect(status?.Message).toMatch(/update rolled back due to failure.*localhost:1\/missing:1/)
    })
    expect((await cluster.api.service('web')).Spec.TaskTemplate?.ContainerSpec?.Image).toBe(IMAGE_1)
    expect(await containersByTask(cluster, 'web')).toEqual(before)
  })

  test('start-first is never below the replicas, as the hosts themselves count', async () => {
    await create('web', '--replicas', '3', '--update-order', 'start-first', '--update-parallelism', '3')
    let fewest = Number.POSITIVE_INFINITY
    const ending = new AbortController()
    const counting = (async () => {
      while (!ending.signal.aborted) {
        const running = (await cluster.containers('web')).filter((container) => container.running)
        fewest = Math.min(fewest, running.length)
      }
    })()
    await cluster.mustCtl('service', 'update', '--image', IMAGE_2, 'web')
    ending.abort()
    await counting
    expect(fewest).toBe(3)
    await eventually(async () => {
      const running = (await cluster.containers('web')).filter((container) => container.running)
      expect(running.map(({ image }) => image)).toEqual([IMAGE_2, IMAGE_2, IMAGE_2])
    })
  })

  test('with start-first an unhealthy newcomer never takes the place of a healthy task', async () => {
    const health = [
      '--health-cmd',
      'test "$BROKEN" != yes',
      '--health-interval',
      '300ms',
      '--health-retries',
      '2',
    ]
    await create('web', '--replicas', '2', '--update-order', 'start-first', ...health)
    const before = await containersByTask(cluster, 'web')
    const { code } = await cluster.ctl('service', 'update', '--env-add', 'BROKEN=yes', 'web')
    expect(code).toBe(1)
    expect((await updateState('web'))?.Message).toMatch(/unhealthy container/)
    const after = await containersByTask(cluster, 'web')
    for (const [task, container] of before) expect(after.get(task)).toBe(container)
  })
})

const imageOf = (task: Task): string => task.Spec.ContainerSpec?.Image ?? ''

/** The slots that are wanted running and have no running task, or a task beside it that is on its way. */
function slotsInMotion({ tasks }: Sample): number {
  const wanted = tasks.filter(({ DesiredState }) => DesiredState === 'running' || DesiredState === 'ready')
  const moving = wanted.filter(({ Status }) => IN_MOTION.has(Status.State))
  return new Set(moving.map(({ Slot }) => Slot)).size
}

function runningCount({ tasks }: Sample): number {
  return tasks.filter(({ Status }) => Status.State === 'running').length
}

/** How long after a batch ran the tasks of the next one appeared, in milliseconds. */
function gapsBetweenBatches(samples: readonly Sample[], old: ReadonlySet<string>): number[] {
  const gaps: number[] = []
  let restingSince: number | undefined
  let known = 0
  for (const { tasks, atMs } of samples) {
    const fresh = tasks.filter(({ ID }) => !old.has(ID))
    if (fresh.length > known && restingSince !== undefined) gaps.push(atMs - restingSince)
    if (fresh.length > known) restingSince = undefined
    known = fresh.length
    const allRun = fresh.length > 0 && fresh.every(({ Status }) => Status.State === 'running')
    if (allRun) restingSince ??= atMs
  }
  return gaps
}

/** The running containers of a service and when they were started, by task. */
async function containersByTask(cluster: Cluster, service: string): Promise<Map<string, string>> {
  const running = (await cluster.containers(service)).filter((container) => container.running)
  return new Map(running.map(({ taskId, id, startedAt }) => [taskId, `${id} ${startedAt}`]))
}
