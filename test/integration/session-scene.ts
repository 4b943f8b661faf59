/** A manager's dispatcher and agents' sessions on loopback, over a state in memory: the stage of session.test.ts. */
import { createServer, connect as connectTcp, type AddressInfo, type Socket } from 'node:net'
import { Metadata, Server, ServerCredentials, credentials, type ServerDuplexStream } from '@grpc/grpc-js'
import {
  ShoalError,
  silentLogger,
  systemClock,
  systemRandom,
  toTimestamp,
  type Clock,
  type TaskState,
} from '@shoal/common'
import {
  hostDocumentKey,
  type AssignedTask,
  type HostDocument,
  type HostDocumentName,
  type NodeDescription,
  type TaskStatus,
} from '@shoal/engine-api'
import {
  createSession,
  SESSION_CHANNEL_OPTIONS,
  type AssignmentChange,
  type AssignmentHandler,
  type DocumentHandler,
  type RelayHandler,
  type Session,
  type TaskReport,
} from '@shoal/agent/session/index'
import {
  clusterNews,
  createDispatcher,
  DISPATCHER_SERVER_OPTIONS,
  type Dispatcher,
  roleOf,
} from '@shoal/manager/dispatcher/index'
import { Beats, createNodeHealth } from '@shoal/manager/node-health/index'
import { put, specId, type Mutation, type SpecRecord, type TaskRecord } from '@shoal/manager/state/records'
import { createTestState } from '@shoal/manager/state/testing/index'
import { wire, type DispatcherClient, type NodeRole } from '@shoal/proto'

export const HEARTBEAT_MS = 200
/** Dead connections are found in as many milliseconds here, twice over. */
const KEEPALIVE_MS = 300

/** How managers of this scene would reach their store. */
export const SETUP = {
  clusterId: 'cluster',
  etcdEndpoints: ['https://etcd:2379'],
  etcdCa: 'ca',
  etcdCertificate: 'certificate',
  etcdKey: 'key',
  sealKey: 'seal',
}

type TestState = Awaited<ReturnType<typeof createTestState>>

export interface Manager {
  readonly port: number
  readonly address: string
  readonly dispatcher: Dispatcher
  readonly knownManagers: string[]
  stop(): void
}

export interface Agent {
  readonly session: Session
  readonly worker: FakeWorker
  readonly documents: FakeNetwork
  /** What is on disk, as it were. */
  savedManagers: readonly string[]
  readonly roots: string[]
  /** What the node was told to be, newest last. */
  readonly roles: NodeRole[]
  hostname: string
  stop(): Promise<void>
}

export async function createScene(): Promise<Scene> {
  const state = await createTestState(systemClock)
  await state.commit(firstRecords())
  const scene = new Scene(state)
  await scene.restartManager()
  return scene
}

export class Scene {
  readonly state: TestState
  #manager: Manager | undefined
  readonly #ends: (() => Promise<void> | void)[] = []

  constructor(state: TestState) {
    this.state = state
  }

  /** The primary. */
  get manager(): Manager {
    if (!this.#manager) throw new Error('no manager has been started')
    return this.#manager
  }

  /** Starts the primary: at the address that it had before, if it had one. */
  async restartManager(): Promise<void> {
    this.#manager = await this.startManager(this.#manager?.port)
  }

  /** A manager on loopback; with `primary`, one that only knows who the primary is. */
  async startManager(port = 0, { primary }: { primary?: string } = {}): Promise<Manager> {
    const { state } = this
    const life = new AbortController()
    const beats = new Beats(systemClock)
    const knownManagers: string[] = []
    const common = { state, clock: systemClock, log: silentLogger, beats }
    const dispatcher = createDispatcher({
      ...common,
      authenticate: nodeOfMetadata,
      news: () => clusterNews(state, knownManagers),
      roleOf: (node) => roleOf(node, SETUP),
      primary: () => primary,
    })
    const server = new Server(DISPATCHER_SERVER_OPTIONS)
    server.addService(wire.Dispatcher.service, dispatcher.handlers)
    const bound = await listen(server, port)
    const address = `127.0.0.1:${bound}`
    knownManagers.push(address)
    if (primary === undefined) {
      dispatcher.start(life.signal)
      createNodeHealth(common).start(life.signal)
    }
    const stop = (): void => {
      life.abort()
      server.forceShutdown()
    }
    this.#ends.push(stop)
    return { port: bound, address, dispatcher, knownManagers, stop }
  }

  startAgent(
    nodeId: string,
    {
      managers = [this.manager.address],
      clock = systemClock,
      relays,
      measureUse,
    }: {
      managers?: string[]
      clock?: Clock
      relays?: RelayHandler
      measureUse?: () => { cpus: number; memoryBytes: number }
    } = {},
  ): Agent {
    const life = new AbortController()
    const worker = new FakeWorker()
    const documents = new FakeNetwork()
    const roots: string[] = []
    const roles: NodeRole[] = []
    const agent = {
      worker,
      documents,
      roots,
      roles,
      savedManagers: [] as readonly string[],
      hostname: `host-${nodeId}`,
    }
    const session = createSession({
      managers: {
        load: () => Promise.resolve(managers),
        save: (list) => {
          agent.savedManagers = list
          return Promise.resolve()
        },
      },
      connect: (address) => connect(address, nodeId),
      describeHost: () => Promise.resolve(description(agent.hostname)),
      onAssignments: worker,
      onDocuments: documents,
      onRole: (role) => void roles.push(role),
      ...(relays && { relays }),
      ...(measureUse && { measureUse }),
      onNews: ({ rootCertificates }) => void roots.push(rootCertificates),
      clock,
      random: systemRandom,
      log: silentLogger,
    })
    const done = session.run(life.signal)
    const stop = (): Promise<void> => {
      life.abort()
      return done
    }
    this.#ends.push(stop)
    return Object.assign(agent, { session, stop })
  }

  /** An agent's stream without an agent. */
  rawSession(nodeId: string) {
    const client = connect(this.manager.address, nodeId)
    const call = client.session()
    const raw = { call, received: [] as unknown[], failure: undefined as string | undefined }
    call.on('data', (message) => raw.received.push(message))
    call.on('error', (error) => {
      raw.failure = error.message
    })
    this.#ends.push(() => client.close())
    return raw
  }

  /** A network path to the manager that can go dead: open, but nothing comes through. */
  async startPath(): Promise<{ address: string; goDead(): void }> {
    const { port } = this.manager
    const sockets: Socket[] = []
    const server = createServer((near) => {
      const far = connectTcp(port, '127.0.0.1')
      sockets.push(near, far)
      for (const socket of [near, far]) socket.on('error', () => undefined)
      near.pipe(far).pipe(near)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#ends.push(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return {
      address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      goDead: () => {
        for (const socket of sockets) {
          socket.unpipe()
          socket.pause()
        }
      },
    }
  }

  task(id: string): TaskRecord {
    const record = this.state.get('task', id)
    if (!record) throw new Error(`no task ${id}`)
    return record
  }

  spec(): SpecRecord {
    const record = this.state.get('spec', specId('s1', 1))
    if (!record) throw new Error('no spec')
    return record
  }

  async end(): Promise<void> {
    await Promise.all(
      this.#ends
        .splice(0)
        .toReversed()
        .map((end) => end()),
    )
  }
}

/** A clock on which every wait is over in a hundredth of its time. */
export const hastyClock: Clock = {
  now: () => systemClock.now(),
  setTimer: (delayMs, callback) => systemClock.setTimer(delayMs / 100, callback),
}

/** Keeps what a worker would run, and answers for the statuses that the test gives it. */
class FakeWorker implements AssignmentHandler {
  readonly tasks = new Map<string, AssignedTask>()
  readonly status = new Map<string, TaskStatus>()
  /** How many complete sets and how many increments have come. */
  sets = 0
  changes = 0

  replaceAll(tasks: readonly AssignedTask[]): void {
    this.sets++
    this.tasks.clear()
    for (const one of tasks) this.tasks.set(one.ID, one)
  }

  change(change: AssignmentChange): void {
    this.changes++
    for (const one of change.put) this.tasks.set(one.ID, one)
    for (const id of change.removedTaskIds) this.tasks.delete(id)
  }

  statuses(): TaskReport[] {
    return [...this.status].map(([taskId, known]) => ({ taskId, status: known }))
  }

  desired(): Record<string, string> {
    return Object.fromEntries([...this.tasks.values()].map(({ ID, DesiredState }) => [ID, DesiredState]))
  }
}

/** Keeps what a network would put in force, and may take its time for it. */
class FakeNetwork implements DocumentHandler {
  readonly documents = new Map<string, HostDocument>()
  /** What a call waits for before its documents are in force. */
  obstacle: Promise<void> = Promise.resolve()

  async replaceAll(documents: readonly HostDocument[]): Promise<void> {
    await this.obstacle
    this.documents.clear()
    for (const one of documents) this.documents.set(hostDocumentKey(one), one)
  }

  async change(put: readonly HostDocument[], removed: readonly HostDocumentName[]): Promise<void> {
    await this.obstacle
    for (const one of put) this.documents.set(hostDocumentKey(one), one)
    for (const name of removed) this.documents.delete(hostDocumentKey(name))
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
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
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_MS,
  })
  const metadata = new Metadata()
  metadata.set('node', nodeId)
  const session = client.session.bind(client)
  const relay = client.relay.bind(client)
  client.session = () => session(metadata)
  client.relay = () => relay(metadata)
  return client
}

function firstRecords(): Mutation[] {
  const Shoal = {
    RootCertificate: 'root',
    RootKey: '',
    WorkerSecret: '',
    ManagerSecret: '',
    DefaultAddrPool: [],
    SubnetSize: 24,
    DataPathPort: 4789,
  }
  const Spec = { Dispatcher: { HeartbeatPeriod: HEARTBEAT_MS * 1e6 } }
  const nodes = ['n1', 'n2'].map((id) =>
    put('node', {
      ...meta(id),
      Spec: {},
      Description: description('not yet known'),
      Status: { State: 'unknown', Addr: '' },
    }),
  )
  return [
    put('cluster', { ...meta('cluster'), Spec, Shoal }),
    ...nodes,
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
      EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 8080 }] },
      Shoal: { RegistryAuth: 'secret' },
    }),
  ]
}

function meta(ID: string) {
  const now = toTimestamp(systemClock.now())
  return { ID, Version: { Index: 0 }, CreatedAt: now, UpdatedAt: now }
}

export function description(Hostname: string): NodeDescription {
  return {
    Hostname,
    Platform: { Architecture: 'x86_64', OS: 'linux' },
    Resources: { NanoCPUs: 2e9, MemoryBytes: 4e9 },
    Engine: { EngineVersion: '20.10.24' },
  }
}

export function status(State: TaskState): TaskRecord['Status'] {
  return { Timestamp: toTimestamp(systemClock.now()), State, Message: State }
}

/** A task of service `s1` on node `n1`, assigned and wanted running, unless told otherwise. */
export function task(id: string, change: Partial<TaskRecord> = {}): TaskRecord {
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
