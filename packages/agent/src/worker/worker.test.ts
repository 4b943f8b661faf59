import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seededRandom, silentLogger } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import type { AssignedTask } from '@shoal/engine-api'
import { MemoryExecutor } from '../executor/memory-executor.js'
import { aTask, IMAGE, NODE } from '../executor/testing/tasks.js'
import { MemoryAssignmentStore } from '../storage/memory-store.js'
import { NO_NETWORKS } from '../network/testing/no-networks.js'
import { Worker } from './worker.js'

/** A host whose engine and disk outlive the agent, which can be killed and started again. */
class Host {
  readonly engine = new MemoryExecutor(NODE)
  readonly store = new MemoryAssignmentStore()
  readonly clock = new VirtualClock()
  readonly reports: string[] = []
  bootId = 'boot1'
  worker!: Worker
  #agent = new AbortController()

  constructor() {
    this.engine.images.add(IMAGE)
  }

  async startAgent(): Promise<void> {
    this.#agent = new AbortController()
    this.worker = new Worker({
      executor: this.engine,
      networks: NO_NETWORKS,
      store: this.store,
      bootId: this.bootId,
      report: (id, { State, Err }) =>
        this.reports.push(Err === undefined ? `${id} ${State}` : `${id} ${State}: ${Err}`),
      clock: this.clock,
      random: seededRandom(1),
      log: silentLogger,
      periodMs: 30_000,
    })
    await this.worker.start(this.#agent.signal)
    await this.rest()
  }

  async killAgent(): Promise<void> {
    this.#agent.abort()
    await this.worker.stopped()
    this.reports.length = 0
    this.engine.calls.length = 0
  }

  /** Lets everything come to rest; time passes only as far as `ms`. */
  async rest(ms = 0): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await settle()
    await this.clock.advanceAsync(ms)
    for (let turn = 0; turn < 5; turn++) await settle()
  }

  async given(...tasks: AssignedTask[]): Promise<void> {
    await this.worker.replaceAll(tasks)
    await this.rest()
    this.reports.length = 0
    this.engine.calls.length = 0
  }

  state(id: string): string | undefined {
    return this.worker.runnerOf(id)?.status.State
  }

  async containers(): Promise<string[]> {
    return (await this.engine.list()).map(({ taskId, phase }) => `${taskId} ${phase}`)
  }
}

describe('a worker', () => {
  let host: Host

  beforeEach(async () => {
    host = new Host()
    await host.startAgent()
  })
  afterEach(() => host.killAgent())

  test('stops a task before it says so, even if the manager no longer knows the name of its service', async () => {
    const task = aTask({ ID: 't1' })
    await host.given(task)
    await host.worker.change({
      put: [{ ...task, ServiceName: '', DesiredState: 'remove' }],
      removedTaskIds: [],
    })
    await host.rest()
    expect(host.reports).toEqual(['t1 shutdown'])
    expect(await host.containers()).not.toContain('t1 running')
  })

  test('takes a task to running with three calls, and reports each state', async () => {
    host.engine.calls.length = 0
    await host.worker.change({ put: [aTask()], removedTaskIds: [] })
    await host.rest()
    expect(host.reports).toEqual(
      ['accepted', 'preparing', 'ready', 'starting', 'running'].map((state) => `task1 ${state}`),
    )
    expect(host.engine.calls).toEqual(['prepare web.1.task1', 'start web.1.task1', 'inspect web.1.task1'])
    expect(host.store.records.get('task1')?.status.State).toBe('running')
  })

  test('goes on when the disk refuses, and keeps everything as soon as it can', async () => {
    await host.given(aTask({ ID: 'old' }))
    host.store.refuses = true
    await host.worker.change({ put: [aTask({ ID: 'new' })], removedTaskIds: ['old'] })
    await host.rest()
    expect(host.reports).toContain('new running')
    expect(await host.containers()).toEqual(['old ended', 'new running'])
    expect(host.store.records.get('new')).toBeUndefined()

    host.store.refuses = false
    await host.rest(30_000)
    expect([...host.store.records].map(([id, { status }]) => `${id} ${status.State}`)).toEqual([
      'new running',
    ])
  })

  test('after a disk that refused and a restart, takes up what the manager names again', async () => {
    host.store.refuses = true
    const task = aTask({ ID: 't1' })
    await host.worker.change({ put: [task], removedTaskIds: [] })
    await host.rest()
    await host.killAgent()
    host.store.refuses = false
    await host.startAgent()
    await host.worker.replaceAll([task])
    await host.rest()
    expect(await host.containers()).toEqual(['t1 running'])
    expect(host.engine.calls.filter((call) => call.startsWith('start'))).toEqual([])
    expect(host.state('t1')).toBe('running')
  })

  test('stops what it could not keep on disk, though its service, and so its name, are gone since', async () => {
    host.store.refuses = true
    const task = aTask({ ID: 't1' })
    await host.worker.change({ put: [task], removedTaskIds: [] })
    await host.rest()
    await host.killAgent()
    await host.startAgent()
    await host.worker.replaceAll([{ ...task, DesiredState: 'remove', ServiceName: '', ServiceLabels: {} }])
    await host.rest()
    expect(host.state('t1')).toBe('shutdown')
    expect(await host.containers()).toEqual([])
  })

  test('holds a task back that is wanted ready, until it is wanted running', async () => {
    await host.given(aTask({ DesiredState: 'ready' }))
    expect(host.state('task1')).toBe('ready')
    await host.worker.change({ put: [aTask()], removedTaskIds: [] })
    await host.rest()
    expect(host.state('task1')).toBe('running')
  })

  test('rejects what cannot be prepared, and says why in the words of Docker', async () => {
    await host.worker.replaceAll([
      aTask({ ID: 'noimage' }, { Image: 'x:y' }),
      aTask({ ID: 'nosource' }, { Mounts: [{ Type: 'bind', Source: '/x', Target: '/y' }] }),
      aTask({ ID: 'notemplate' }, { Env: ['A={{.Nobody}}'] }),
    ])
    await host.rest()
    const endings = host.reports.filter((report) => report.includes('rejected')).sort()
    expect(endings).toEqual([
      'noimage rejected: No such image: x:y',
      'nosource rejected: invalid mount config for type "bind": bind source path does not exist: /x',
      "notemplate rejected: expanding env failed: can't evaluate {{.Nobody}}",
    ])
  })

  test('fails a task whose port is taken, and one that exits', async () => {
    const Ports = [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080, PublishMode: 'host' }]
    await host.given(aTask({ Ports }))
    const second = aTask({ ID: 'task2', Slot: 2, Ports })
    const third = aTask({ ID: 'task3', Slot: 3 }, { Args: ['exit 3'] })
    await host.worker.change({ put: [second, third], removedTaskIds: [] })
    await host.rest()
    expect(host.reports.find((report) => report.startsWith('task2 failed'))).toContain(
      'starting container failed: driver failed',
    )
    expect(host.reports).toContain('task3 failed: task: non-zero exit (3)')
    expect(host.worker.runnerOf('task1')?.status.PortStatus?.Ports).toMatchObject([{ PublishedPort: 8080 }])
  })

  test('waits for health before running, and ends what becomes unhealthy', async () => {
    const Healthcheck = { Test: ['CMD', 'true'] }
    await host.worker.replaceAll([aTask({}, { Healthcheck })])
    await host.rest()
    expect(host.state('task1')).toBe('starting')
    host.engine.setHealth('task1', 'healthy')
    await host.rest()
    expect(host.state('task1')).toBe('running')
    host.engine.setHealth('task1', 'unhealthy')
    await host.rest()
    expect(host.reports.at(-1)).toBe('task1 failed: unhealthy container')
    expect(await host.containers()).toEqual(['task1 ended'])
  })

  test('shuts down what is to be shut down, and keeps the container for its logs', async () => {
    await host.given(aTask())
    await host.worker.change({ put: [aTask({ DesiredState: 'shutdown' })], removedTaskIds: [] })
    await host.rest()
    expect(host.reports).toEqual(['task1 shutdown'])
    expect(await host.containers()).toEqual(['task1 ended'])
  })

  test('of a service that was removed it keeps what says how its tasks are stopped', async () => {
    const labels = { 'shoal.drain-period': '30s' }
    await host.given({ ...aTask({ ID: 't1' }), ServiceLabels: labels })
    const stopping = aTask({ ID: 't1', ServiceName: '', ServiceLabels: {}, DesiredState: 'remove' })
    await host.worker.change({ put: [stopping], removedTaskIds: [] })
    expect(host.worker.runnerOf('t1')?.task.ServiceLabels).toEqual(labels)
  })

  test('a stop that it has heard of is not taken back, by whichever manager', async () => {
    const task = aTask({ ID: 't1', DesiredState: 'remove' })
    await host.worker.change({ put: [aTask({ ID: 't1' })], removedTaskIds: [] })
    await host.worker.change({ put: [task], removedTaskIds: [] })
    await host.worker.replaceAll([aTask({ ID: 't1' })])
    expect(host.worker.runnerOf('t1')?.task.DesiredState).toBe('remove')
    await host.rest()
    expect(await host.containers()).not.toContain('t1 running')
  })

  test('removes the container of what is to be removed', async () => {
    await host.given(aTask())
    await host.worker.change({ put: [aTask({ DesiredState: 'remove' })], removedTaskIds: [] })
    await host.rest()
    expect(host.reports).toEqual(['task1 shutdown'])
    expect(await host.containers()).toEqual([])
  })

  test('stops and forgets what is withdrawn without a word', async () => {
    await host.given(aTask(), aTask({ ID: 'other', ServiceID: 'service2', ServiceName: 'db' }))
    await host.worker.replaceAll([aTask({ ID: 'other', ServiceID: 'service2', ServiceName: 'db' })])
    await host.rest()
    expect(await host.containers()).toEqual(['other running'])
    expect([...host.store.records.keys()]).toEqual(['other'])
    expect(host.reports).toEqual([])
  })

  test('keeps one ended container of each slot while the service is here', async () => {
    const failing = (id: string) => aTask({ ID: id }, { Args: ['exit 1'] })
    await host.given(failing('a'))
    await host.worker.change({ put: [failing('b')], removedTaskIds: ['a'] })
    await host.rest()
    await host.worker.change({ put: [aTask({ ID: 'c' })], removedTaskIds: ['b'] })
    await host.rest()
    expect(await host.containers()).toEqual(['b ended', 'c running'])
  })

  test('killed and started again, it adopts what runs without a touch', async () => {
    await host.given(aTask())
    await host.killAgent()
    await host.startAgent()
    expect(host.state('task1')).toBe('running')
    expect(host.engine.calls.filter((call) => !/^(inspect|list)/u.test(call))).toEqual([])
    expect(host.worker.statuses()).toMatchObject([{ taskId: 'task1', status: { State: 'running' } }])
  })

  test('what ended while the agent was away is reported, and never started again', async () => {
    await host.given(aTask())
    await host.killAgent()
    host.engine.exit('task1', 9)
    await host.startAgent()
    expect(host.reports).toEqual(['task1 failed: task: non-zero exit (9)'])
    await host.killAgent()
    await host.startAgent()
    expect(host.worker.statuses()).toMatchObject([{ taskId: 'task1', status: { State: 'failed' } }])
    expect(host.engine.calls.filter((call) => call.startsWith('start'))).toEqual([])
  })

  test('after a reboot of the host it starts its tasks again, alone, and once', async () => {
    await host.given(aTask())
    await host.killAgent()
    host.engine.exit('task1', 255)
    host.bootId = 'boot2'
    await host.startAgent()
    expect(await host.containers()).toEqual(['task1 running'])
    await host.killAgent()
    host.engine.exit('task1', 1)
    await host.startAgent()
    expect(host.reports).toEqual(['task1 failed: task: non-zero exit (1)'])
  })

  test('orphans go, but not before a manager has said all that it wants', async () => {
    await host.given(aTask())
    await host.killAgent()
    await host.store.remove(['task1'])
    await host.startAgent()
    await host.rest(60_000)
    await host.worker.change({ put: [aTask({ ID: 'task2', Slot: 2 })], removedTaskIds: [] })
    await host.rest(60_000)
    expect(await host.containers()).toEqual(['task1 running', 'task2 running'])
    await host.worker.replaceAll([aTask({ ID: 'task2', Slot: 2 })])
    await host.rest()
    expect(await host.containers()).toEqual(['task2 running'])
  })

  test('while the engine is away nothing is concluded; what lived goes on', async () => {
    await host.given(aTask())
    host.engine.switchOff()
    await host.worker.change({ put: [aTask({ ID: 'task2', Slot: 2 })], removedTaskIds: [] })
    await host.rest(60_000)
    expect(host.reports).toEqual(['task2 accepted', 'task2 preparing'])
    host.engine.switchOn()
    await host.rest(10_000)
    expect(await host.containers()).toEqual(['task1 running', 'task2 running'])
    expect(host.reports).not.toContain('task1 failed')
    expect(host.engine.calls).not.toContain('start web.1.task1')
  })

  test('what ended with the engine is reported when it is back, and not started again', async () => {
    await host.given(aTask())
    host.engine.switchOff({ exitCode: 137 })
    await host.rest(10_000)
    expect(host.reports).toEqual([])
    host.engine.switchOn()
    await host.rest()
    expect(host.reports).toEqual(['task1 failed: task: non-zero exit (137)'])
    expect(await host.containers()).toEqual(['task1 ended'])
  })

  test('a missed event is made up for within the period', async () => {
    await host.given(aTask())
    host.engine.switchOff({ exitCode: 1 })
    host.engine.switchOnSilently()
    await host.rest(30_000)
    expect(host.reports).toEqual(['task1 failed: task: non-zero exit (1)'])
  })
})
