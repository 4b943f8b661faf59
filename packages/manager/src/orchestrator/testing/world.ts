import { isTerminal, seededRandom, silentLogger, toTimestamp, type TaskState } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import { isJob, type NodeSpec, type ServiceSpec, type TaskSpec } from '@shoal/engine-api'
import { KeyedLoop } from '../../loops/keyed-loop.js'
import { put, remove, specId, type ServiceRecord, type TaskRecord } from '../../state/records.js'
import type { LiveState } from '../../state/open.js'
import { transact } from '../../state/state.js'
import { aNode, createTestState } from '../../state/testing/index.js'
import { createRebalancer } from '../../rebalance/index.js'
import { createScheduler } from '../../scheduler/index.js'
import { createReaper, createServiceReconciler } from '../index.js'
import { actAsAgents, actAsScheduler } from './cluster.js'

const TICK_MS = 100
const SERVICE = 'web'

/** A cluster on a virtual clock: the real loops and state, and simple stand-ins for the agents. */
export class World {
  readonly clock: VirtualClock
  readonly state: LiveState
  /** Looked at after every change: throws what the test does not allow. */
  readonly rules: ((world: World) => void)[] = []
  readonly broken: unknown[] = []
  readonly #hasScheduler: boolean
  #managers = 0
  #stop = new AbortController()

  private constructor(state: LiveState, clock: VirtualClock, hasScheduler: boolean) {
    this.state = state
    this.clock = clock
    this.#hasScheduler = hasScheduler
    state.subscribe(() => {
      for (const rule of this.rules) this.#check(rule)
    })
  }

  /** @param scheduler the simple stand-in, or the product's, with its rebalancer */
  static async create(
    nodes: readonly string[] = ['a', 'b', 'c'],
    scheduler: 'stand-in' | 'real' = 'stand-in',
  ): Promise<World> {
    const clock = new VirtualClock()
    const state = await createTestState(clock)
    const world = new World(state, clock, scheduler === 'real')
    await state.commit(nodes.map((id) => put('node', aNode(id))))
    world.takeOver()
    return world
  }

  /** Another manager's loops begin on what is stored, and those before have ended. */
  takeOver(): void {
    this.#stop.abort()
    this.#stop = new AbortController()
    const random = seededRandom(++this.#managers)
    const { state, clock } = this
    const options = { clock, log: silentLogger, periodMs: 30_000, concurrency: 8, retryDelayMs: 100 }
    for (const reconciler of [createServiceReconciler({ state, clock, random }), createReaper({ state })]) {
      new KeyedLoop(state, reconciler, options).start(this.#stop.signal)
    }
    if (this.#hasScheduler) {
      const scheduler = createScheduler({ state, clock, random, log: silentLogger })
      scheduler.start(this.#stop.signal)
      const rebalancer = createRebalancer({ state, clock, scheduler })
      new KeyedLoop(state, rebalancer, options).start(this.#stop.signal)
    }
  }

  async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      if (!this.#hasScheduler) await actAsScheduler(this.state, this.clock.now())
      await actAsAgents(this.state, this.clock.now())
      await this.clock.advanceAsync(TICK_MS)
      await settle()
    }
    if (this.broken.length > 0) throw this.broken[0]
  }

  /** Runs until `condition` holds; fails after `limitMs`. */
  async until(condition: () => boolean, limitMs = 120_000): Promise<void> {
    const end = this.clock.now() + limitMs
    while (!condition()) {
      if (this.clock.now() >= end) throw new Error(`still not so after ${limitMs} ms: ${this.describe()}`)
      await this.run(TICK_MS)
    }
  }

  async deploy(image: string, spec: Partial<ServiceSpec>, template: TaskSpec = {}): Promise<void> {
    const TaskTemplate = withImage(template, image)
    const Spec: ServiceSpec = { Name: SERVICE, Mode: { Replicated: { Replicas: 1 } }, ...spec, TaskTemplate }
    const JobStatus = isJob(Spec) && {
      JobStatus: { JobIteration: { Index: 0 }, LastExecution: toTimestamp(this.clock.now()) },
    }
    const Shoal = { SpecVersion: 1 }
    const record: ServiceRecord = { ...meta(), ID: SERVICE, Spec, Endpoint: {}, ...JobStatus, Shoal }
    await this.state.commit([put('service', record), put('spec', specRecord(1, TaskTemplate))])
  }

  /** As the API does it: a new spec version where the template changed, and the rollout's state cleared. */
  async update(change: (spec: ServiceSpec) => ServiceSpec): Promise<void> {
    await transact(this.state, () => {
      const { UpdateStatus: _status, ...service } = this.service()
      const { Rollout: _rollout, ...shoal } = service.Shoal
      const Spec = change(service.Spec)
      const isSame = JSON.stringify(Spec.TaskTemplate) === JSON.stringify(service.Spec.TaskTemplate)
      const numbers = [...this.state.specsOfService(SERVICE)].map((spec) => spec.Number)
      const SpecVersion = isSame ? shoal.SpecVersion : Math.max(...numbers) + 1
      const Shoal = { ...shoal, SpecVersion, PreviousSpecVersion: shoal.SpecVersion }
      const iteration = (service.JobStatus?.JobIteration.Index ?? 0) + 1
      const JobStatus = service.JobStatus && { JobStatus: { JobIteration: { Index: iteration } } }
      const record: ServiceRecord = { ...service, ...JobStatus, Spec, PreviousSpec: service.Spec, Shoal }
      const specs = isSame ? [] : [put('spec', specRecord(SpecVersion, Spec.TaskTemplate ?? {}))]
      return { mutations: [put('service', record), ...specs], result: undefined }
    })
  }

  updateImage(image: string): Promise<void> {
    return this.update((spec) => ({ ...spec, TaskTemplate: withImage(spec.TaskTemplate ?? {}, image) }))
  }

  scale(replicas: number): Promise<void> {
    return this.update((spec) => ({ ...spec, Mode: { Replicated: { Replicas: replicas } } }))
  }

  /** A global service has no number of replicas. */
  async scaleIfReplicated(replicas: number): Promise<void> {
    if (this.service().Spec.Mode?.Replicated) await this.scale(replicas)
  }

  /** As the API does it on `service rollback`. */
  async rollBack(): Promise<void> {
    const { Spec, PreviousSpec, Shoal, ...service } = this.service()
    if (!PreviousSpec || Shoal.PreviousSpecVersion === undefined) throw new Error('there is no previous spec')
    const record: ServiceRecord = {
      ...service,
      Spec: PreviousSpec,
      PreviousSpec: Spec,
      UpdateStatus: { State: 'rollback_started', Message: 'manually requested rollback' },
      Shoal: { SpecVersion: Shoal.PreviousSpecVersion, PreviousSpecVersion: Shoal.SpecVersion },
    }
    await this.state.commit([put('service', record)])
  }

  /** As the API does it when a rebalance is asked for. */
  async rebalance(): Promise<void> {
    await transact(this.state, () => {
      const service = this.service()
      const Rebalance = { StartedAtMs: this.clock.now(), Moves: [], Moved: 0 }
      const record = { ...service, Shoal: { ...service.Shoal, Rebalance } }
      return { mutations: [put('service', record)], result: undefined }
    })
  }

  async addNode(id: string): Promise<void> {
    const CreatedAt = toTimestamp(this.clock.now())
    await this.state.commit([put('node', aNode(id, { CreatedAt }))])
  }

  removeService(): Promise<void> {
    return this.state.commit([remove('service', this.service())])
  }

  async setNode(id: string, change: Partial<NodeSpec> | { State: 'ready' | 'down' }): Promise<void> {
    const node = this.state.get('node', id)
    if (!node) throw new Error(`there is no node ${id}`)
    const changed =
      'State' in change
        ? { ...node, Status: { ...node.Status, State: change.State } }
        : { ...node, Spec: { ...node.Spec, ...change } }
    await this.state.commit([put('node', changed)])
  }

  /** The tasks that fit now end like this. */
  async end(tasks: readonly TaskRecord[], State: TaskState, Err?: string): Promise<void> {
    for (const { ID } of tasks) {
      await transact(this.state, () => {
        const task = this.state.get('task', ID)
        if (!task || isTerminal(task.Status.State)) return { mutations: [], result: undefined }
        const Status = {
          Timestamp: toTimestamp(this.clock.now()),
          State,
          Message: State,
          ...(Err && { Err }),
        }
        return { mutations: [put('task', { ...task, Status })], result: undefined }
      })
    }
  }

  service(): ServiceRecord {
    const service = this.state.get('service', SERVICE)
    if (!service) throw new Error('the service is gone')
    return service
  }

  updateState(): string | undefined {
    return this.service().UpdateStatus?.State
  }

  tasks(): TaskRecord[] {
    return [...this.state.tasksOfService(SERVICE)]
  }

  /** The tasks that run and are wanted, of one image or of any. */
  running(image?: string): TaskRecord[] {
    return this.tasks().filter(
      (task) =>
        task.Status.State === 'running' &&
        task.DesiredState === 'running' &&
        (image === undefined || this.imageOf(task) === image),
    )
  }

  imageOf(task: TaskRecord): string | undefined {
    return this.state.specOf(task)?.TaskTemplate.ContainerSpec?.Image
  }

  describe(): string {
    const lines = this.tasks().map(
      (task) =>
        `${task.Slot ?? task.NodeID} ${task.ID.slice(0, 4)} v${task.Shoal.SpecVersion} ${task.Status.State} wanted ${task.DesiredState} on ${task.NodeID}`,
    )
    return `${this.updateState()} ${JSON.stringify(this.service().Shoal)}\n${lines.sort().join('\n')}`
  }

  #check(rule: (world: World) => void): void {
    try {
      rule(this)
    } catch (error) {
      this.broken.push(error)
    }
  }
}

function withImage(template: TaskSpec, image: string): TaskSpec {
  return { ...template, ContainerSpec: { ...template.ContainerSpec, Image: image } }
}

function specRecord(Number: number, TaskTemplate: TaskSpec) {
  return { ...meta(), ID: specId(SERVICE, Number), ServiceID: SERVICE, Number, TaskTemplate, Shoal: {} }
}

function meta() {
  const timestamp = '2026-01-01T00:00:00.000Z'
  return { Version: { Index: 0 }, CreatedAt: timestamp, UpdatedAt: timestamp }
}
