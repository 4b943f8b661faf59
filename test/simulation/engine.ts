import { ShoalError, type Clock } from '@shoal/common'
import type { AssignedTask } from '@shoal/engine-api'
import type {
  ContainerState,
  EngineInfo,
  Executor,
  ExecutorEvent,
  OwnContainer,
} from '@shoal/agent/executor/port'
import { MemoryExecutor } from '@shoal/agent/executor/memory-executor'
import type { Dice } from './dice.js'
import { behaviourOf, IMAGES, type Behaviour } from './images.js'
import type { SimProcess } from './process.js'

export interface EngineOptions {
  readonly nodeId: string
  readonly clock: Clock
  readonly dice: Dice
  readonly onStart: (task: AssignedTask) => void
  readonly onEnd: (task: AssignedTask) => void
}

/** The container engine of one host. It outlives the agents that talk to it, and takes its time. */
export class Engine {
  readonly memory: MemoryExecutor
  readonly options: EngineOptions
  /** The tasks whose containers run. */
  readonly running = new Map<string, AssignedTask>()
  /** By the ID of the container. */
  readonly #tasks = new Map<string, AssignedTask>()
  /** The ID of the container, by that of the task. */
  readonly #containers = new Map<string, string>()
  #isOn = true

  constructor(options: EngineOptions) {
    this.options = options
    const { nodeId } = options
    this.memory = new MemoryExecutor({
      nodeId,
      clusterId: 'sim',
      hostname: nodeId,
      architecture: 'x86_64',
      os: 'linux',
    })
    for (const image of IMAGES) this.memory.registry.add(image)
  }

  get isOn(): boolean {
    return this.#isOn
  }

  /** What the agent of one incarnation talks to. @param stopLies a deliberate bug: says that it has stopped what runs on */
  clientOf(process: SimProcess, stopLies: boolean): EngineClient {
    return new EngineClient(this, process, stopLies)
  }

  /** The daemon stops for a while; its containers run on. */
  switchOff(): void {
    this.#isOn = false
    this.memory.switchOff()
  }

  switchOn(): void {
    this.#isOn = true
    this.memory.switchOn()
  }

  /** The host goes down, and every container with it. */
  reboot(): void {
    for (const task of this.running.values()) this.options.onEnd(task)
    this.running.clear()
    this.memory.switchOff({ exitCode: 137 })
    this.memory.switchOnSilently()
    this.#isOn = true
  }

  prepared(containerId: string, task: AssignedTask): void {
    this.#tasks.set(containerId, task)
    this.#containers.set(task.ID, containerId)
  }

  /** Whether the task's container was made, so that it could start at once. */
  hasPrepared(taskId: string): boolean {
    return this.#containers.has(taskId)
  }

  /** Looks at what the engine has made of a container that something was asked for, by its name or ID. */
  async noteChange(container: string): Promise<void> {
    const id = this.#containers.get(taskIdIn(container)) ?? container
    const task = this.#tasks.get(id)
    const state = task && (await this.memory.inspect(id))
    if (task && this.#isOn) this.#note(task, state?.phase === 'running')
  }

  #note(task: AssignedTask, runs: boolean): void {
    if (runs === this.running.has(task.ID)) return
    if (runs) {
      this.running.set(task.ID, task)
      this.options.onStart(task)
      this.#behave(task, behaviourOf(task.Spec.ContainerSpec?.Image ?? ''))
    } else {
      this.running.delete(task.ID)
      this.options.onEnd(task)
    }
  }

  /** The container of a task ends by itself. */
  exit(task: AssignedTask, exitCode: number): void {
    if (this.running.get(task.ID) !== task) return
    this.running.delete(task.ID)
    this.options.onEnd(task)
    this.memory.exit(task.ID, exitCode)
  }

  #behave(task: AssignedTask, behaviour: Behaviour): void {
    const { clock, dice } = this.options
    const after = (least: number, most: number, work: () => void): void => {
      clock.setTimer(dice.between(least, most), () => {
        if (this.running.get(task.ID) === task) work()
      })
    }
    switch (behaviour) {
      case 'missing':
      case 'good':
        return
      case 'slow':
        return after(1_000, 8_000, () => this.memory.setHealth(task.ID, 'healthy'))
      case 'sick':
        return after(1_000, 15_000, () => this.memory.setHealth(task.ID, 'unhealthy'))
      case 'crash':
        return after(50, 6_000, () => this.exit(task, 1))
      case 'flaky':
        if (dice.chance(0.5)) after(50, 20_000, () => this.exit(task, dice.between(0, 1)))
    }
  }
}

/** The engine's answers reach a process only as long as it lives. What was asked is done nevertheless. */
export class EngineClient implements Executor {
  readonly #engine: Engine
  readonly #process: SimProcess
  readonly #stopLies: boolean
  readonly #lies = new Set<string>()

  constructor(engine: Engine, process: SimProcess, stopLies: boolean) {
    this.#engine = engine
    this.#process = process
    this.#stopLies = stopLies
  }

  async prepare(task: AssignedTask, signal: AbortSignal): Promise<ContainerState> {
    const isSlow = this.#engine.options.dice.chance(0.05)
    await this.#takes(20, isSlow ? 15_000 : 600)
    if (signal.aborted) throw new ShoalError('unavailable', 'the preparation was given up')
    const state = await this.#answered(this.#engine.memory.prepare(withoutNetworks(task), signal))
    this.#engine.prepared(state.id, task)
    return state
  }

  async start(container: string): Promise<void> {
    await this.#takes(10, 300)
    await this.#change(container, () => this.#engine.memory.start(container))
  }

  async stop(container: string): Promise<void> {
    if (this.#stopLies) this.#lies.add(container)
    else await this.#takes(10, 1_500)
    const stopped = this.#stopLies ? this.#takes(5_000, 5_000) : Promise.resolve()
    const done = stopped.then(() => this.#change(container, () => this.#engine.memory.stop(container)))
    if (!this.#stopLies) await done
  }

  async remove(container: string): Promise<void> {
    await this.#takes(5, 50)
    await this.#change(container, () => this.#engine.memory.remove(container))
  }

  async inspect(container: string): Promise<ContainerState | undefined> {
    const state = await this.#answered(this.#engine.memory.inspect(container))
    return state && this.#lies.has(container) ? { ...state, phase: 'ended', pid: 0 } : state
  }

  list(): Promise<OwnContainer[]> {
    return this.#answered(this.#engine.memory.list())
  }

  watch(listener: (event: ExecutorEvent) => void, signal: AbortSignal): void {
    this.#engine.memory.watch((event) => {
      this.#engine.options.clock.setTimer(1, () => this.#process.run(() => listener(event)))
    }, signal)
  }

  info(): Promise<EngineInfo> {
    return this.#answered(this.#engine.memory.info())
  }

  #takes(leastMs: number, mostMs: number): Promise<void> {
    const { clock, dice } = this.#engine.options
    return new Promise((resolve) => {
      clock.setTimer(dice.between(leastMs, mostMs), resolve)
    })
  }

  #change(container: string, work: () => Promise<void>): Promise<void> {
    const change = async (): Promise<void> => {
      try {
        await work()
      } finally {
        await this.#engine.noteChange(container)
      }
    }
    return this.#answered(change())
  }

  async #answered<Value>(work: Promise<Value>): Promise<Value> {
    const outcome = await work.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    await this.#process.delay(1)
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }
}

/** The engine in memory knows no networks of clusters. */
function withoutNetworks(task: AssignedTask): AssignedTask {
  const { Networks: _networks, ...Spec } = task.Spec
  return { ...task, Spec }
}

/** Containers are named `<service>.<slot>.<task>`. */
function taskIdIn(container: string): string {
  return container.slice(container.lastIndexOf('.') + 1)
}
