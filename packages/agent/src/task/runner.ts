import {
  isTerminal,
  isRetryable,
  jittered,
  messageOf,
  ShoalError,
  unreachable,
  type CancelTimer,
  type Clock,
  type Logger,
  type Random,
  type TaskState,
} from '@shoal/common'
import type { AssignedTask, TaskStatus } from '@shoal/engine-api'
import type { TaskNetworks } from '../network/port.js'
import { taskName } from '../executor/naming.js'
import type { ContainerState, Executor, OwnContainer } from '../executor/port.js'
import { nextStep, type Advance, type Observed, type Step } from './decide.js'
import { advanced } from './status.js'

const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 5_000

export interface RunnerOptions {
  readonly executor: Pick<Executor, 'prepare' | 'start' | 'stop' | 'remove' | 'inspect' | 'list'>
  readonly networks: TaskNetworks
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Keeps a status and tells it; the runner goes on only when that is done. */
  readonly onStatus: (status: TaskStatus) => Promise<void>
  /** There is nothing more to be done for now. */
  readonly onSettled: () => void
  /** The host has booted since the status was written. */
  readonly hostRestarted: boolean
}

/**
 * Takes one task through its life. Invariants: one step at a time; a status only moves forward, and is kept
 * before anything follows from it; no wake-up is lost. While the engine cannot be reached nothing is concluded.
 */
export class TaskRunner {
  readonly #options: RunnerOptions
  readonly #stopped = new AbortController()
  #task: AssignedTask
  #status: TaskStatus
  #withdrawn: boolean
  #hostRestarted: boolean
  #observed: Observed = 'unknown'
  #drained = false
  #working = false
  #again = false
  /** Counts what may have changed, so that an inspection which began earlier is not taken for the newest. */
  #changes = 0
  #preparing: AbortController | undefined
  #retryDelayMs = FIRST_RETRY_MS
  #cancelRetry: CancelTimer | undefined
  readonly #whenSettled: (() => void)[] = []

  constructor(task: AssignedTask, status: TaskStatus, withdrawn: boolean, options: RunnerOptions) {
    this.#task = task
    this.#status = status
    this.#withdrawn = withdrawn
    this.#options = options
    this.#hostRestarted = options.hostRestarted
  }

  get task(): AssignedTask {
    return this.#task
  }

  get status(): TaskStatus {
    return this.#status
  }

  get withdrawn(): boolean {
    return this.#withdrawn
  }

  /** Begins or goes on to work, until there is nothing to do. */
  wake(): void {
    this.#again = true
    if (!this.#working && !this.#stopped.signal.aborted) void this.#work()
  }

  /** What the manager wants has changed; or it wants a task again that it had withdrawn. */
  update(task: AssignedTask): void {
    this.#task = task
    this.#withdrawn = false
    this.#desiredChanged()
  }

  /** The manager wants no more of the task: it is stopped, and then `isOver`. */
  withdraw(): void {
    this.#withdrawn = true
    this.#desiredChanged()
  }

  /** Something has happened to the container: it is to be looked at again. */
  containerChanged(): void {
    this.#changes++
    this.#observed = 'unknown'
    this.#retryDelayMs = FIRST_RETRY_MS
    this.wake()
  }

  /** Compares what is known with a listing (undefined: not in it) and looks again if they differ. */
  compare(listed: OwnContainer | undefined): void {
    if (this.#observed === 'unknown') return
    const known = this.#observed === 'absent' ? undefined : this.#observed
    const healthDiffers = known?.phase === 'running' && known.health !== listed?.health
    if (known?.phase !== listed?.phase || healthDiffers) this.containerChanged()
  }

  /** Stops working for good, without touching the container. Resolves when the step under way has ended. */
  async stop(): Promise<void> {
    this.#stopped.abort(new ShoalError('unavailable', 'the agent is stopping'))
    this.#preparing?.abort(this.#stopped.signal.reason)
    this.#cancelRetry?.()
    if (this.#working) await new Promise<void>((resolve) => this.#whenSettled.push(resolve))
  }

  /** Whether the task has ended and nothing is left to be done for it. */
  get isOver(): boolean {
    return isTerminal(this.#state) && this.#next().kind === 'wait'
  }

  get #state(): TaskState {
    return this.#status.State as TaskState
  }

  /** A withdrawn task is shut down; whether its container is kept for its logs is the worker's to say. */
  get #desired(): TaskState {
    const desired = this.#task.DesiredState as TaskState
    return this.#withdrawn && desired !== 'remove' ? 'shutdown' : desired
  }

  #desiredChanged(): void {
    if (this.#desired === 'shutdown' || this.#desired === 'remove')
      this.#preparing?.abort(new ShoalError('unavailable', 'the task is to be shut down'))
    this.wake()
  }

  async #work(): Promise<void> {
    this.#working = true
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    let step: Step = { kind: 'observe' }
    try {
      do {
        this.#again = false
        for (step = this.#next(); step.kind !== 'wait' && !this.#stopped.signal.aborted; step = this.#next())
          await this.#perform(step)
      } while (this.#again && !this.#stopped.signal.aborted)
      this.#retryDelayMs = FIRST_RETRY_MS
    } catch (error) {
      await this.#failed(step, error)
    } finally {
      this.#working = false
      for (const settled of this.#whenSettled.splice(0)) settled()
      if (!this.#stopped.signal.aborted) this.#options.onSettled()
    }
  }

  #next(): Step {
    const [desired, state, observed] = [this.#desired, this.#state, this.#observed]
    return nextStep({
      desired,
      state,
      observed,
      hostRestarted: this.#hostRestarted,
      drained: this.#drained,
      awaits: this.#options.networks.missing(this.#task),
    })
  }

  async #perform(step: Exclude<Step, { kind: 'wait' }>): Promise<void> {
    const { executor } = this.#options
    switch (step.kind) {
      case 'advance':
        return this.#advance(step)
      case 'observe':
        return this.#observe(async () => executor.inspect(await this.#container()))
      case 'prepare':
        return this.#prepare()
      case 'start':
        return this.#start(await this.#container())
      case 'drain':
        await this.#options.networks.drained(this.#task, this.#stopped.signal)
        this.#drained = true
        return
      case 'stop':
        await executor.stop(await this.#container())
        return this.#observe(async () => executor.inspect(await this.#container()))
      case 'remove':
        await executor.remove(await this.#container())
        this.#observed = 'absent'
        return
      default:
        return unreachable(step)
    }
  }

  async #start(container: string): Promise<void> {
    const { executor, onStatus } = this.#options
    // What lay in memory for the container, its secrets and configs, is gone with the boot.
    if (this.#hostRestarted) await this.#prepare()
    await executor.start(container)
    this.#options.networks.started(this.#task)
    if (this.#hostRestarted) {
      // Kept again, as of this boot: the container is brought back once, not whenever it ends.
      this.#hostRestarted = false
      await onStatus(this.#status)
    }
    await this.#observe(() => executor.inspect(container))
  }

  /**
   * What the engine is asked for: the container's name. It begins with the service's, which nobody knows any more of a
   * service that is gone and a task that could not be kept on disk: then the engine's list tells.
   */
  async #container(): Promise<string> {
    const name = taskName(this.#task)
    if (this.#task.ServiceName !== '') return name
    const own = await this.#options.executor.list()
    return own.find(({ taskId }) => taskId === this.#task.ID)?.id ?? name
  }

  async #observe(look: () => Promise<Exclude<Observed, string> | undefined>): Promise<void> {
    const changes = this.#changes
    const seen = (await look()) ?? 'absent'
    if (changes === this.#changes) this.#observed = seen
  }

  async #prepare(): Promise<void> {
    const preparing = new AbortController()
    this.#preparing = preparing
    try {
      await this.#observe(() => this.#prepareOn(preparing.signal))
    } finally {
      this.#preparing = undefined
    }
  }

  /** The container is created on networks that are in force here. */
  async #prepareOn(signal: AbortSignal): Promise<ContainerState> {
    const { executor, networks } = this.#options
    const networking = await networks.join(this.#task, signal)
    return executor.prepare(this.#task, signal, networking)
  }

  async #advance(step: Advance): Promise<void> {
    const status = advanced(this.#status, step, this.#observed, this.#options.clock.now())
    const err = step.err === undefined ? {} : { reason: step.err }
    this.#options.log.info({ task: this.#task.ID, from: this.#state, to: step.to, ...err }, 'task advanced')
    await this.#options.onStatus(status)
    this.#status = status
  }

  async #failed(step: Step, error: unknown): Promise<void> {
    if (this.#stopped.signal.aborted) return
    const verdict = verdictOf(step, error)
    if (!verdict) return this.#retry(step, error)
    try {
      await this.#advance(verdict)
      // From here the new state decides, in a turn of its own.
      queueMicrotask(() => this.wake())
    } catch (failure) {
      this.#retry(step, failure)
    }
  }

  /** The engine (or the disk) is not there: look again later. What an aborted preparation left is seen then. */
  #retry(step: Step, error: unknown): void {
    this.#changes++
    this.#observed = 'unknown'
    const level = isRetryable(error) ? 'debug' : 'warn'
    this.#options.log[level](
      { task: this.#task.ID, step: step.kind, reason: messageOf(error) },
      'will try again',
    )
    const delayMs = this.#again ? 0 : jittered(this.#options.random, this.#retryDelayMs)
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, LONGEST_RETRY_MS)
    this.#cancelRetry = this.#options.clock.setTimer(delayMs, () => this.wake())
  }
}

/**
 * What a refusal of the engine means for the task, in Docker's words; undefined when the step is to be tried again.
 * What could not be prepared is rejected, what could not be started has failed. To stop and to look must succeed
 * in the end, whatever the engine says now.
 */
function verdictOf(step: Step, error: unknown): Advance | undefined {
  if (!(error instanceof ShoalError) || isRetryable(error)) return undefined
  if (step.kind === 'start')
    return { kind: 'advance', to: 'failed', err: `starting container failed: ${error.message}` }
  if (step.kind !== 'prepare') return undefined
  const pullFailure =
    error.cause instanceof ShoalError ? { message: `preparing: ${error.cause.message}` } : {}
  return { kind: 'advance', to: 'rejected', err: error.message, ...pullFailure }
}
