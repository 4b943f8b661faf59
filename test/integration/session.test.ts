import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Metadata, Server, ServerCredentials, credentials, type ServerDuplexStream } from '@grpc/grpc-js'
import {
  ShoalError,
  silentLogger,
  systemClock,
  systemRandom,
  toTimestamp,
  type TaskState,
} from '@shoal/common'
import type { AssignedTask, NodeDescription, TaskStatus } from '@shoal/engine-api'
import {
  createSession,
  SESSION_CHANNEL_OPTIONS,
  type Session,
  type TaskReport,
} from '@shoal/agent/session/index'
import { clusterNews, createDispatcher, type Dispatcher } from '@shoal/manager/dispatcher/index'
import { Beats, createNodeHealth } from '@shoal/manager/node-health/index'
import { put, remove, specId, type TaskRecord } from '@shoal/manager/state/records'
import { createTestState } from '@shoal/manager/state/testing/index'
import { wire, type DispatcherClient } from '@shoal/proto'

type TestState = Awaited<ReturnType<typeof createTestState>>

const HEARTBEAT_MS = 200
const SOON = { timeout: 10_000, interval: 10 }

describe('an agent and its manager', () => {
  let state: TestState
  let manager: Manager
  const agents: Agent[] = []
  const managers: Manager[] = []

  beforeEach(async () => {
    state = await createTestState(systemClock)
    await state.commit([
      put('cluster', {
        ...meta('cluster'),
        Spec: { Dispatcher: { HeartbeatPeriod: HEARTBEAT_MS * 1e6 } },
        Shoal: {
          RootCertificate: 'root',
          RootKey: '',
          WorkerSecret: '',
          ManagerSecret: '',
          DefaultAddrPool: [],
          SubnetSize: 24,
          DataPathPort: 4789,
        },
      }),
      ...['n1', 'n2'].map((id) =>
        put('node', {
          ...meta(id),
          Spec: {},
          Description: description('not yet known'),
          Status: { State: 'unknown', Addr: '' },
        }),
      ),
      put('service', {
        ...meta('s1'),
        Spec: { Name: 'web', Labels: { tier: 'front' } },
        Endpoint: { Ports: [{ TargetPort: 80, PublishedPort: 8080 }] },
        Shoal: { SpecVersion: 1 },
      }),
      put('spec', {
        ...meta(specId('s1', 1)),
        ServiceID: 's1',
        Number: 1,
        TaskTemplate: { ContainerSpec: { Image: 'busybox' } },
        Shoal: { RegistryAuth: 'secret' },
      }),
    ])
    manager = await startManager()
  })

  afterEach(async () => {
    await Promise.all(agents.splice(0).map((agent) => agent.stop()))
    await Promise.all(managers.splice(0).map((one) => one.stop()))
  })

  test('a node that connects becomes ready, with what its agent says of the host', async () => {
    const agent = startAgent('n1', { managers: ['127.0.0.1:1', manager.address] })
    await expect
      .poll(() => state.get('node', 'n1')?.Status, SOON)
      .toEqual({ State: 'ready', Addr: '127.0.0.1' })
    expect(state.get('node', 'n1')?.Description).toEqual(description('host-n1'))
    await expect.poll(() => agent.worker.sets, SOON).toBe(1)
    expect(agent.worker.tasks.size).toBe(0)
    expect(agent.savedManagers).toEqual([manager.address])
  })

  test('a description that stays the same is not written again', async () => {
    const first = startAgent('n1')
    await first.worker.complete()
    const index = state.get('node', 'n1')?.Version.Index
    await first.stop()
    const second = startAgent('n1')
    await second.worker.complete()
    expect(state.get('node', 'n1')?.Version.Index).toBe(index)
  })

  test('the complete set comes first, then what changes, as whole documents', async () => {
    await state.commit([put('task', task('t1')), put('task', task('elsewhere', { NodeID: 'n2' }))])
    const agent = startAgent('n1')
    await agent.worker.complete()
    expect([...agent.worker.tasks.keys()]).toEqual(['t1'])
    expect(agent.worker.tasks.get('t1')).toEqual({
      ID: 't1',
      ServiceID: 's1',
      ServiceName: 'web',
      ServiceLabels: { tier: 'front' },
      Slot: 1,
      NodeID: 'n1',
      DesiredState: 'running',
      Spec: { ContainerSpec: { Image: 'busybox' } },
      Ports: [{ TargetPort: 80, PublishedPort: 8080 }],
      RegistryAuth: 'secret',
    } satisfies AssignedTask)

    await state.commit([put('task', task('t2')), put('task', { ...stored('t1'), DesiredState: 'shutdown' })])
    await expect.poll(() => agent.worker.desired(), SOON).toEqual({ t1: 'shutdown', t2: 'running' })

    await state.commit([remove('task', stored('t1'))])
    await expect.poll(() => agent.worker.desired(), SOON).toEqual({ t2: 'running' })
    expect(agent.worker.sets).toBe(1)
  })

  test('a set beyond what one message holds arrives whole', async () => {
    const image = 'x'.repeat(10_000)
    await state.commit([put('spec', { ...spec(1), TaskTemplate: { ContainerSpec: { Image: image } } })])
    for (let batch = 0; batch < 10; batch++) {
      const ids = Array.from({ length: 100 }, (_, i) => `t${batch * 100 + i}`)
      await state.commit(ids.map((id) => put('task', task(id))))
    }
    const agent = startAgent('n1')
    await agent.worker.complete()
    expect(agent.worker.tasks.size).toBe(1_000)
    expect(agent.worker.sets).toBe(1)
  })

  test('chatter is passed on, running and the end are written, and the ended task leaves the set', async () => {
    await state.commit([put('task', task('t1'))])
    const agent = startAgent('n1')
    await agent.worker.complete()
    const index = stored('t1').Version.Index

    agent.session.report('t1', status('preparing'))
    await expect.poll(() => stored('t1').Status.State, SOON).toBe('preparing')
    expect(stored('t1').Version.Index).toBe(index)

    agent.session.report('t1', status('running'))
    await expect.poll(() => stored('t1').Status.State, SOON).toBe('running')
    expect(stored('t1').Version.Index).toBeGreaterThan(index)
    expect(stored('t1').Shoal.RunningSinceMs).toBeGreaterThan(0)
    expect(agent.worker.changes).toBe(0)

    agent.session.report('t1', status('failed'))
    await expect.poll(() => stored('t1').Status.State, SOON).toBe('failed')
    await expect.poll(() => agent.worker.tasks.size, SOON).toBe(0)
  })

  test('an agent cannot speak for the tasks of another node', async () => {
    await state.commit([put('task', task('foreign', { NodeID: 'n2' })), put('task', task('own'))])
    const agent = startAgent('n1')
    await agent.worker.complete()
    agent.session.report('foreign', status('failed'))
    agent.session.report('unknown', status('failed'))
    agent.session.report('own', status('running'))
    await expect.poll(() => stored('own').Status.State, SOON).toBe('running')
    expect(stored('foreign').Status.State).toBe('assigned')
  })

  test('a manager that is gone for a while is found again, and told what happened meanwhile', async () => {
    await state.commit([put('task', task('t1')), put('task', task('t2'))])
    const agent = startAgent('n1')
    await agent.worker.complete()
    await manager.stop()
    agent.session.report('t1', status('running'))
    agent.session.report('t1', status('failed'))
    agent.worker.status.set('t2', status('running'))
    manager = await startManager(manager.port)
    await expect.poll(() => stored('t1').Status.State, SOON).toBe('failed')
    expect(stored('t1').Shoal.RunningSinceMs).toBeGreaterThan(0)
    await expect.poll(() => stored('t2').Status.State, SOON).toBe('running')
    expect(agent.worker.sets).toBe(2)
  })

  test('a manager that is not the primary sends the agent on', async () => {
    const secondary = await startManager(0, { primary: manager.address })
    const agent = startAgent('n1', { managers: [secondary.address] })
    await agent.worker.complete()
    expect(agent.savedManagers).toEqual([manager.address])
  })

  test('a second session of a node ends the first', async () => {
    const hello = { hello: { descriptionJson: JSON.stringify(description('host-n1')), advertiseAddress: '' } }
    const first = rawSession('n1')
    first.call.write(hello)
    await expect.poll(() => first.received.length, SOON).toBeGreaterThan(0)
    const second = rawSession('n1')
    second.call.write(hello)
    await expect.poll(() => first.failure, SOON).toContain('a newer session of this node has begun')
    expect(second.failure).toBeUndefined()
    expect(manager.dispatcher.connectedNodes()).toEqual(new Set(['n1']))
    second.client.close()
  })

  test('a node that is not of the cluster is refused', async () => {
    const agent = rawSession('stranger')
    agent.call.write({ hello: { descriptionJson: JSON.stringify(description('x')), advertiseAddress: '' } })
    await expect.poll(() => agent.failure, SOON).toBe('7 PERMISSION_DENIED: node is not part of this cluster')
  })

  test.each([
    ['no Hello', { heartbeat: {} }, '9 FAILED_PRECONDITION: the first message of a session is Hello'],
    ['no JSON', { hello: { descriptionJson: '{' } }, '3 INVALID_ARGUMENT: malformed node description'],
    ['an empty description', { hello: { descriptionJson: '{}' } }, '3 INVALID_ARGUMENT: malformed node'],
  ])('a session that begins with %s ends, and the node is as it was', async (_, message, failure) => {
    const agent = rawSession('n1')
    agent.call.write(message)
    await expect.poll(() => agent.failure, SOON).toContain(failure)
    expect(state.get('node', 'n1')?.Status.State).toBe('unknown')
  })

  test('a node removed from the cluster loses its session', async () => {
    const agent = startAgent('n1')
    await agent.worker.complete()
    const node = state.get('node', 'n1')
    if (node) await state.commit([remove('node', node)])
    await expect.poll(() => manager.dispatcher.connectedNodes().size, SOON).toBe(0)
    await expect.poll(() => agent.session.connected(), SOON).toBe(false)
  })

  test('a silent node is down after three missing heartbeats, and ready when it comes back', async () => {
    const agent = startAgent('n1')
    await agent.worker.complete()
    await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_MS * 5))
    expect(state.get('node', 'n1')?.Status.State).toBe('ready')
    await agent.stop()
    expect(state.get('node', 'n1')?.Status.State).toBe('ready')
    await expect
      .poll(() => state.get('node', 'n1')?.Status, SOON)
      .toEqual({ State: 'down', Message: 'heartbeat failure', Addr: '127.0.0.1' })
    startAgent('n1')
    await expect
      .poll(() => state.get('node', 'n1')?.Status, SOON)
      .toEqual({ State: 'ready', Addr: '127.0.0.1' })
  })

  test('a node that is declared down although its connection lives comes anew', async () => {
    const agent = startAgent('n1')
    await agent.worker.complete()
    const node = state.get('node', 'n1')
    if (node) await state.commit([put('node', { ...node, Status: { State: 'down', Addr: '' } })])
    await expect.poll(() => agent.worker.sets, SOON).toBe(2)
    expect(state.get('node', 'n1')?.Status.State).toBe('ready')
  })

  test('a node that leaves is down at once', async () => {
    const agent = startAgent('n1')
    await agent.worker.complete()
    await agent.session.leave()
    expect(state.get('node', 'n1')?.Status).toEqual({
      State: 'down',
      Message: 'node left',
      Addr: '127.0.0.1',
    })
    expect(manager.dispatcher.connectedNodes().size).toBe(0)
  })

  test('agents hear when the cluster changes', async () => {
    const agent = startAgent('n1')
    await agent.worker.complete()
    const cluster = state.cluster()
    if (cluster) {
      const Shoal = { ...cluster.Shoal, RootCertificate: 'old and new root' }
      await state.commit([put('cluster', { ...cluster, Shoal })])
    }
    await expect.poll(() => agent.roots.at(-1), SOON).toBe('old and new root')
    manager.knownManagers.push('10.0.0.9:2377')
    manager.dispatcher.newsChanged()
    await expect.poll(() => agent.savedManagers, SOON).toEqual([manager.address, '10.0.0.9:2377'])
  })

  test('thirty tasks reported at once are few writes', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => `t${i}`)
    await state.commit(ids.map((id) => put('task', task(id))))
    const agent = startAgent('n1')
    await agent.worker.complete()
    let commits = 0
    const unsubscribe = state.subscribe(() => commits++)
    for (const id of ids) agent.session.report(id, status('running'))
    await expect.poll(() => ids.every((id) => stored(id).Status.State === 'running'), SOON).toBe(true)
    unsubscribe()
    expect(commits).toBeLessThan(5)
  })

  // ---- what the stories are made of

  interface Manager {
    readonly port: number
    readonly address: string
    readonly dispatcher: Dispatcher
    readonly knownManagers: string[]
    stop(): Promise<void>
  }

  /** A manager on loopback; with `primary`, one that only knows who the primary is. */
  async function startManager(port = 0, { primary }: { primary?: string } = {}): Promise<Manager> {
    const life = new AbortController()
    const beats = new Beats(systemClock)
    const knownManagers: string[] = []
    const dispatcher = createDispatcher({
      state,
      clock: systemClock,
      log: silentLogger,
      beats,
      authenticate: nodeOfMetadata,
      news: () => clusterNews(state, knownManagers),
      primary: () => primary,
    })
    const server = new Server()
    server.addService(wire.Dispatcher.service, dispatcher.handlers)
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, actual) =>
        error ? reject(error) : resolve(actual),
      )
    })
    const address = `127.0.0.1:${bound}`
    knownManagers.push(address)
    if (primary === undefined) {
      dispatcher.start(life.signal)
      createNodeHealth({ state, clock: systemClock, log: silentLogger, beats }).start(life.signal)
    }
    const started: Manager = {
      port: bound,
      address,
      dispatcher,
      knownManagers,
      stop: () => {
        life.abort()
        server.forceShutdown()
        return Promise.resolve()
      },
    }
    managers.push(started)
    return started
  }

  interface Agent {
    readonly session: Session
    readonly worker: FakeWorker
    savedManagers: readonly string[]
    readonly roots: string[]
    stop(): Promise<void>
  }

  function startAgent(nodeId: string, { managers: known = [manager.address] } = {}): Agent {
    const life = new AbortController()
    const worker = new FakeWorker()
    const roots: string[] = []
    const agent = { worker, roots, savedManagers: [] as readonly string[] }
    const session = createSession({
      managers: {
        load: () => Promise.resolve(known),
        save: (list) => {
          agent.savedManagers = list
          return Promise.resolve()
        },
      },
      connect: (address) => connect(address, nodeId),
      describeHost: () => Promise.resolve(description(`host-${nodeId}`)),
      onAssignments: worker,
      onNews: ({ rootCertificates }) => void roots.push(rootCertificates),
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
    })
    const done = session.run(life.signal)
    const started = Object.assign(agent, {
      session,
      stop: () => {
        life.abort()
        return done
      },
    })
    agents.push(started)
    return started
  }

  /** An agent's stream without an agent. */
  function rawSession(nodeId: string) {
    const client = connect(manager.address, nodeId)
    const call = client.session()
    const raw = { client, call, received: [] as unknown[], failure: undefined as string | undefined }
    call.on('data', (message) => raw.received.push(message))
    call.on('error', (error) => {
      raw.failure = error.message
      client.close()
    })
    return raw
  }

  function stored(id: string): TaskRecord {
    const record = state.get('task', id)
    if (!record) throw new Error(`no task ${id}`)
    return record
  }

  function spec(number: number) {
    const record = state.get('spec', specId('s1', number))
    if (!record) throw new Error(`no spec ${number}`)
    return record
  }
})

/** Keeps what a worker would run, and answers for the statuses that the test gives it. */
class FakeWorker {
  readonly tasks = new Map<string, AssignedTask>()
  readonly status = new Map<string, TaskStatus>()
  sets = 0
  changes = 0

  replaceAll(tasks: readonly AssignedTask[]): void {
    this.sets++
    this.tasks.clear()
    for (const one of tasks) this.tasks.set(one.ID, one)
  }

  change({
    put: tasks,
    removedTaskIds,
  }: {
    put: readonly AssignedTask[]
    removedTaskIds: readonly string[]
  }): void {
    this.changes++
    for (const one of tasks) this.tasks.set(one.ID, one)
    for (const id of removedTaskIds) this.tasks.delete(id)
  }

  statuses(): TaskReport[] {
    return [...this.status].map(([taskId, known]) => ({ taskId, status: known }))
  }

  desired(): Record<string, string> {
    return Object.fromEntries([...this.tasks.values()].map(({ ID, DesiredState }) => [ID, DesiredState]))
  }

  async complete(): Promise<void> {
    await expect.poll(() => this.sets, SOON).toBeGreaterThan(0)
  }
}

/** Stands in for the client certificate. */
function nodeOfMetadata(call: ServerDuplexStream<unknown, unknown>) {
  const nodeId = call.metadata.get('node')[0]
  if (typeof nodeId !== 'string') throw new ShoalError('unauthenticated', 'no client certificate')
  return { nodeId, role: 'worker' }
}

function connect(address: string, nodeId: string): DispatcherClient {
  const client = new wire.Dispatcher(address, credentials.createInsecure(), {
    ...SESSION_CHANNEL_OPTIONS,
    interceptors: [],
  })
  const metadata = new Metadata()
  metadata.set('node', nodeId)
  const session = client.session.bind(client)
  client.session = (() => session(metadata)) as typeof client.session
  return client
}

function meta(ID: string) {
  const now = toTimestamp(systemClock.now())
  return { ID, Version: { Index: 0 }, CreatedAt: now, UpdatedAt: now }
}

function description(Hostname: string): NodeDescription {
  return {
    Hostname,
    Platform: { Architecture: 'x86_64', OS: 'linux' },
    Resources: { NanoCPUs: 2e9, MemoryBytes: 4e9 },
    Engine: { EngineVersion: '20.10.24' },
  }
}

function status(State: TaskState): TaskRecord['Status'] {
  return { Timestamp: toTimestamp(systemClock.now()), State, Message: State }
}

function task(id: string, change: Partial<TaskRecord> = {}): TaskRecord {
  return {
    ...meta(id),
    ServiceID: 's1',
    Slot: 1,
    NodeID: 'n1',
    Labels: {},
    Status: status('assigned'),
    DesiredState: 'running',
    Shoal: { SpecVersion: 1 },
    ...change,
  }
}
