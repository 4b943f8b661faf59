import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import type { AssignedTask, TaskStatus } from '@shoal/engine-api'
import { connectDocker, DEFAULT_DOCKER, taskName, type Executor } from '@shoal/agent/executor/index'
import { aTask, NODE } from '@shoal/agent/executor/testing/tasks'
import { FileAssignmentStore, readBootId } from '@shoal/agent/storage/index'
import { DEFAULT_WORKER, Worker } from '@shoal/agent/worker/index'
import { NO_NETWORKS } from '@shoal/agent/network/testing/no-networks'
import { makeBusyboxImage, removeImage, uniqueName } from './executor-fixture.js'

const image = `${uniqueName('worker')}:1`
const REPLICAS = 12

/** A host with the real engine and a real disk, whose agent can be killed. */
class Host {
  readonly node = { ...NODE, nodeId: uniqueName('node') }
  readonly #statuses = new Map<string, TaskStatus>()
  readonly reports: string[] = []
  executor!: Executor
  worker!: Worker
  #directory = ''
  #agent = new AbortController()
  #wake: () => void = () => undefined

  async startAgent(): Promise<void> {
    this.#directory ||= await mkdtemp(join(tmpdir(), 'shoal-worker-'))
    this.#agent = new AbortController()
    const common = { clock: systemClock, random: systemRandom, log: silentLogger }
    this.executor = await connectDocker({ ...DEFAULT_DOCKER, ...common, node: this.node })
    this.worker = new Worker({
      ...common,
      ...DEFAULT_WORKER,
      executor: this.executor,
      networks: NO_NETWORKS,
      store: new FileAssignmentStore(join(this.#directory, 'assignments'), silentLogger),
      bootId: await readBootId(),
      report: (id, status) => this.#reported(id, status),
    })
    await this.worker.start(this.#agent.signal)
  }

  #reported(id: string, status: TaskStatus): void {
    this.reports.push(`${id} ${status.State}`)
    this.#statuses.set(id, status)
    this.#wake()
  }

  async killAgent(): Promise<void> {
    this.#agent.abort()
    await this.worker.stopped()
    this.reports.length = 0
  }

  task(id: string, changes: Partial<AssignedTask> = {}, args = 'sleep 1000'): AssignedTask {
    return aTask(
      { ID: id, NodeID: this.node.nodeId, ...changes },
      { Image: image, Args: [args], StopGracePeriod: 0 },
    )
  }

  /** Waits until the task has reported the state; gives the status. */
  async reached(id: string, state: string): Promise<TaskStatus> {
    for (;;) {
      const status = this.#statuses.get(id)
      if (status?.State === state) return status
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** The engine's containers, each with its phase. */
  async containers(): Promise<string[]> {
    return (await this.executor.list()).map(({ taskId, phase }) => `${taskId} ${phase}`).sort()
  }

  async dispose(): Promise<void> {
    await this.killAgent()
    for (const { id } of await this.executor.list()) await this.executor.remove(id)
    await rm(this.#directory, { recursive: true })
  }
}

let host: Host
beforeAll(() => makeBusyboxImage(image))
afterAll(() => removeImage(image))
beforeEach(async () => {
  host = new Host()
  await host.startAgent()
})
afterEach(() => host.dispose())

test('given many tasks, it runs them all; shut down, all of them stop', async () => {
  const ids = Array.from({ length: REPLICAS }, (_, index) => `replica${index}`)
  const tasks = ids.map((id, index) => host.task(id, { Slot: index + 1 }))
  await host.worker.replaceAll(tasks)
  await Promise.all(ids.map((id) => oneAfterTheOther(host, id)))
  await host.worker.change({
    put: tasks.map((task) => ({ ...task, DesiredState: 'shutdown' })),
    removedTaskIds: [],
  })
  await expect
    .poll(() => host.containers(), { timeout: 20_000 })
    .toEqual(ids.map((id) => `${id} ended`).sort())
  await host.worker.replaceAll([])
  await expect.poll(() => host.containers(), { timeout: 20_000 }).toEqual([])
})

async function oneAfterTheOther(on: Host, id: string): Promise<void> {
  await expect.poll(() => on.worker.runnerOf(id)?.status.State, { timeout: 60_000 }).toBe('running')
}

test('the status tells the container, its process, its ports, and how it ended', async () => {
  const Ports = [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 0, PublishMode: 'host' }]
  await host.worker.replaceAll([host.task('one', { Ports })])
  const running = await host.reached('one', 'running')
  expect(running.Message).toBe('started')
  expect(running.ContainerStatus?.PID).toBeGreaterThan(0)
  expect(running.PortStatus?.Ports?.[0]?.PublishedPort).toBeGreaterThan(1024)
  await host.worker.change({ put: [host.task('two', { Slot: 2 }, 'exit 7')], removedTaskIds: [] })
  expect(await host.reached('two', 'failed')).toMatchObject({
    Err: 'task: non-zero exit (7)',
    ContainerStatus: { ExitCode: 7, PID: 0 },
  })
})

test('killed while tasks start, it takes up where it was: every task runs once', async () => {
  const ids = Array.from({ length: 6 }, (_, index) => `task${index}`)
  await host.worker.replaceAll(ids.map((id, index) => host.task(id, { Slot: index + 1 })))
  await host.reached('task2', 'running')
  await host.killAgent()
  const before = await host.executor.inspect(taskName(host.task('task2', { Slot: 3 })))
  await host.startAgent()
  await expect
    .poll(() => host.containers(), { timeout: 20_000 })
    .toEqual(ids.map((id) => `${id} running`).sort())
  expect(await host.executor.inspect(taskName(host.task('task2', { Slot: 3 })))).toEqual(before)
})

test('what ended while the agent was dead has failed; what nobody asks for any more is stopped', async () => {
  await host.worker.replaceAll([
    host.task('dies'),
    host.task('stays', { Slot: 2 }),
    host.task('orphan', { Slot: 3 }),
  ])
  for (const id of ['dies', 'stays', 'orphan']) await oneAfterTheOther(host, id)
  await host.killAgent()
  await host.executor.stop('web.1.dies')
  await host.startAgent()
  expect((await host.reached('dies', 'failed')).Err).toBe('task: non-zero exit (137)')
  await host.worker.replaceAll([host.task('stays', { Slot: 2 })])
  await expect
    .poll(() => host.containers(), { timeout: 20_000 })
    .toEqual(['dies ended', 'orphan ended', 'stays running'])
})

test('an unhealthy container is ended, and says so', async () => {
  const task = host.task('sick')
  const spec = task.Spec.ContainerSpec
  const Healthcheck = { Test: ['CMD-SHELL', '[ ! -f /sick ]'], Interval: 200_000_000, Retries: 1 }
  const sick = {
    ...task,
    Spec: { ContainerSpec: { ...spec, Args: ['sleep 2; echo > /sick; sleep 1000'], Healthcheck } },
  }
  await host.worker.replaceAll([sick])
  await host.reached('sick', 'running')
  expect((await host.reached('sick', 'failed')).Err).toBe('unhealthy container')
  await expect.poll(() => host.containers(), { timeout: 20_000 }).toEqual(['sick ended'])
})
