import fc from 'fast-check'
import { expect, test } from 'vitest'
import { silentLogger, toTimestamp, type TaskState } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import type { AssignedTask, EndpointSet } from '@shoal/engine-api'
import type { Assignments } from '@shoal/proto'
import type { LiveState } from '../state/open.js'
import { gatewayId, put, remove, type TaskRecord } from '../state/records.js'
import { aNetwork, aNode, aService, aSpec, aTask, createTestState } from '../state/testing/index.js'
import { createDispatcher, type Dispatcher } from './dispatcher.js'
import { FakeAgent, type FakeCall } from './testing/fake-agent.js'
import { WITHHOLD_MS } from './withheld-stops.js'

const NODES = ['n1', 'n2', 'n3']
const SERVICES = ['web', 'db']

/** Something that happens; `pick` says to which of those that it could happen to. */
type Event = {
  readonly type:
    | 'run'
    | 'stop'
    | 'remove'
    | 'end'
    | 'delete-service'
    | 'connect'
    | 'disconnect'
    | 'take'
    | 'apply'
    | 'down'
    | 'failover'
    | 'wait'
  readonly pick: number
}

const events = (weights: Partial<Record<Event['type'], number>>): fc.Arbitrary<Event> =>
  fc.oneof(
    ...Object.entries(weights).map(([type, weight]) => ({
      weight,
      arbitrary: fc.record({ type: fc.constant(type as Event['type']), pick: fc.nat(1_000) }),
    })),
  )

const anEvent = events({
  run: 60,
  stop: 40,
  remove: 20,
  end: 10,
  'delete-service': 3,
  connect: 20,
  disconnect: 7,
  take: 120,
  apply: 80,
  down: 3,
  failover: 5,
  wait: 40,
})

/** A manager and three agents, all on one network. It watches every word that is said to an agent. */
class World {
  readonly clock = new VirtualClock()
  readonly faults: string[] = []
  readonly stopsTold = new Set<string>()
  #state!: LiveState
  #dispatcher!: Dispatcher
  #term = new AbortController()
  #termSinceMs = 0
  #made = 0
  /** When a task that others connected to was first not to be connected to any more. */
  readonly #leftAtMs = new Map<string, number>()
  /** When a node was last not ready. */
  readonly #awayAtMs = new Map<string, number>()
  readonly agents = NODES.map((id) => new FakeAgent(id, (message) => this.#watch(message)))

  async begin(): Promise<void> {
    this.#state = await createTestState(this.clock)
    await this.#state.commit([
      put('network', aNetwork('back', '10.1.0.0/16')),
      ...NODES.map((id) => put('node', aNode(id, { Status: { State: 'ready', Addr: id } }))),
      ...NODES.map((NodeID, i) =>
        put('gateway', {
          ...aNode('n1'),
          ID: gatewayId('back', NodeID),
          NetworkID: 'back',
          NodeID,
          Address: `10.1.0.${i + 2}`,
        }),
      ),
      ...SERVICES.flatMap((id) => [
        put('service', aService(id)),
        put('spec', { ...aSpec(id, 1), TaskTemplate: { Networks: [{ Target: 'back' }] } }),
      ]),
    ])
    this.#lead()
    for (const agent of this.agents) agent.connect(this.#dispatcher)
    await settle()
  }

  async happen({ type, pick }: Event): Promise<void> {
    const agent = this.agents[pick % this.agents.length]
    const run = (task: TaskRecord): boolean => task.Status.State === 'running'
    if (type === 'run') await this.#run(pick)
    else if (type === 'stop') await this.#changeTask(pick, run, { DesiredState: 'shutdown' })
    else if (type === 'remove') await this.#changeTask(pick, run, { DesiredState: 'remove' })
    else if (type === 'end') await this.#changeTask(pick, run, { Status: statusOf('failed') })
    else if (type === 'delete-service') await this.#deleteService(pick)
    else if (type === 'connect' && !agent?.isConnected) agent?.connect(this.#dispatcher)
    else if (type === 'disconnect') agent?.disconnect()
    else if (type === 'take') agent?.take()
    else if (type === 'apply') agent?.apply()
    else if (type === 'down') await this.#loseNode(pick)
    else if (type === 'failover') this.#lead()
    else if (type === 'wait') await this.clock.advanceAsync(pick % 1_500)
    await settle()
  }

  /** Everybody connects and answers; nothing else happens. */
  async calmDown(): Promise<void> {
    for (const agent of this.agents) if (!agent.isConnected) agent.connect(this.#dispatcher)
    for (let turn = 0; turn < 10; turn++) {
      await settle()
      await this.clock.advanceAsync(10)
      for (const agent of this.agents) {
        agent.take()
        agent.apply()
      }
    }
  }

  /** The tasks that are to stop, and whose agents do not know it. */
  untold(): string[] {
    return [...this.#state.all('task')]
      .filter(({ Status, DesiredState }) => Status.State === 'running' && DesiredState !== 'running')
      .map(({ ID }) => ID)
      .filter((id) => !this.stopsTold.has(id))
  }

  #lead(): void {
    this.#term.abort()
    this.#term = new AbortController()
    this.#termSinceMs = this.clock.now()
    this.#dispatcher = createDispatcher({
      state: this.#state,
      clock: this.clock,
      log: silentLogger,
      authenticate: (call) => ({ nodeId: (call as unknown as FakeCall).nodeId, role: 'worker' }),
      news: () => ({ heartbeatPeriodMs: 5_000, reconnectWithinMs: 0, managers: [], rootCertificates: '' }),
      beats: { beat: () => undefined },
    })
    this.#dispatcher.start(this.#term.signal)
  }

  async #run(pick: number): Promise<void> {
    const id = `t${++this.#made}`
    const ServiceID = SERVICES[pick % SERVICES.length] ?? ''
    if (!this.#state.get('service', ServiceID)) return
    const NodeID = NODES[pick % NODES.length] ?? ''
    const Addresses = [`10.1.1.${this.#made}/16`]
    const NetworksAttachments = [{ Network: { ID: 'back', Spec: { Name: 'back' } }, Addresses }]
    const Status = statusOf('running')
    await this.#state.commit([put('task', aTask(id, { ServiceID, NodeID, Status, NetworksAttachments }))])
  }

  async #changeTask(
    pick: number,
    fits: (task: TaskRecord) => boolean,
    changes: Partial<TaskRecord>,
  ): Promise<void> {
    const tasks = [...this.#state.all('task')].filter(fits)
    const task = tasks[pick % tasks.length]
    if (!task || task.DesiredState === 'remove') return
    if (changes.DesiredState !== undefined) this.#left(task)
    await this.#state.commit([put('task', { ...task, ...changes })])
  }

  async #deleteService(pick: number): Promise<void> {
    const service = this.#state.get('service', SERVICES[pick % SERVICES.length] ?? '')
    if (!service) return
    const tasks = [...this.#state.tasksOfService(service.ID)]
    for (const task of tasks) this.#left(task)
    await this.#state.commit([remove('service', service)])
    const stopped = tasks.map((task) => put('task', { ...task, DesiredState: 'remove' }))
    if (stopped.length > 0) await this.#state.commit(stopped)
  }

  async #loseNode(pick: number): Promise<void> {
    const node = this.#state.get('node', NODES[pick % NODES.length] ?? '')
    if (!node) return
    this.#awayAtMs.set(node.ID, this.clock.now())
    for (const task of this.#state.tasksOfNode(node.ID)) this.#left(task)
    await this.#state.commit([put('node', { ...node, Status: { ...node.Status, State: 'down' } })])
  }

  #left(task: TaskRecord): void {
    if (this.#leftAtMs.has(task.ID)) return
    this.#leftAtMs.set(task.ID, this.clock.now())
    for (const { ID, Status } of this.#state.all('node')) {
      if (Status.State !== 'ready') this.#awayAtMs.set(ID, this.clock.now())
    }
  }

  #watch({ put: told = [] }: Assignments): void {
    for (const { taskJson } of told) {
      const { ID, DesiredState } = JSON.parse(taskJson ?? '') as AssignedTask
      if (DesiredState === 'running') continue
      this.stopsTold.add(ID)
      for (const agent of this.agents) if (this.#mustKnow(agent, ID)) this.#blame(agent, ID)
    }
  }

  /** Whether it had to be waited for: it has been ready, and the time is not over. */
  #mustKnow({ nodeId }: FakeAgent, taskId: string): boolean {
    const leftAtMs = this.#leftAtMs.get(taskId) ?? 0
    if (this.clock.now() >= Math.max(leftAtMs, this.#termSinceMs) + WITHHOLD_MS) return false
    return (this.#awayAtMs.get(nodeId) ?? -1) < leftAtMs
  }

  #blame({ nodeId, inForce }: FakeAgent, taskId: string): void {
    for (const [key, json] of inForce) {
      if (!key.startsWith('endpoints/')) continue
      const { Endpoints } = JSON.parse(json) as EndpointSet
      if (Endpoints.some(({ TaskID }) => TaskID === taskId)) {
        this.faults.push(`${taskId} is told to stop while ${nodeId} connects to it`)
      }
    }
  }
}

function statusOf(State: TaskState): TaskRecord['Status'] {
  return { Timestamp: toTimestamp(Date.UTC(2026, 0, 1)), State, Message: '' }
}

/** A node goes down, the primary changes, and the node comes back before others have let go of its task. */
const BACK_AFTER_A_TAKEOVER: Event[] = [
  { type: 'run', pick: 88 },
  { type: 'take', pick: 0 },
  { type: 'apply', pick: 0 },
  { type: 'down', pick: 190 },
  { type: 'failover', pick: 0 },
  { type: 'remove', pick: 0 },
]

/** A node that is down is not waited for; it comes back, with what it knew, before the others have let go. */
const BACK_FROM_BEFORE: Event[] = [
  { type: 'take', pick: 2 },
  { type: 'run', pick: 0 },
  { type: 'wait', pick: 3 },
  { type: 'apply', pick: 2 },
  { type: 'down', pick: 2 },
  { type: 'wait', pick: 1 },
  { type: 'stop', pick: 0 },
  { type: 'take', pick: 1 },
  { type: 'take', pick: 0 },
  { type: 'apply', pick: 1 },
  { type: 'apply', pick: 0 },
]

test('no task is told to stop while a node that answers still connects to it; and all are told in the end', async () => {
  let stops = 0
  const holds = fc.asyncProperty(fc.array(anEvent, { minLength: 20, maxLength: 120 }), async (happenings) => {
    const world = new World()
    await world.begin()
    for (const event of happenings) await world.happen(event)
    await world.calmDown()
    expect(world.faults).toEqual([])
    expect(world.untold()).toEqual([])
    stops += world.stopsTold.size
  })
  await fc.assert(holds, { numRuns: 80, examples: [[BACK_AFTER_A_TAKEOVER], [BACK_FROM_BEFORE]] })
  expect(stops).toBeGreaterThan(50)
})
