import {
  isAtLeast,
  isBefore,
  isTransient,
  messageOf,
  type CancelTimer,
  type Clock,
  type Logger,
  type Random,
  type TaskState,
} from '@shoal/common'
import type { AssignedTask, TaskStatus } from '@shoal/engine-api'
import type { Executor, ExecutorEvent, OwnContainer } from '../executor/port.js'
import type { TaskNetworks } from '../network/port.js'
import type { AssignmentRecord, AssignmentStore } from '../storage/assignment-store.js'
import { TaskRunner } from '../task/runner.js'
import { assignedStatus } from '../task/status.js'
import { superfluous } from './retention.js'

export interface WorkerOptions {
  readonly executor: Executor
  readonly networks: TaskNetworks
  readonly store: AssignmentStore
  /** Which boot of the host this is: see readBootId. */
  readonly bootId: string
  /** Told of every new status, after it has been kept where that matters. */
  readonly report: (taskId: string, status: TaskStatus) => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** How often everything is compared with the engine although no event said so, in milliseconds. */
  readonly periodMs: number
}

export const DEFAULT_WORKER = { periodMs: 30_000 } as const

/**
 * Holds the assignment set: keeps it on disk, runs one runner per task, and removes what nobody asked for.
 * Invariants: an assignment is on disk, or the disk has refused it, before anything is done for it; a task that has
 * ended is never started again; no container is removed as unasked for before a complete set has come from a manager.
 */
export class Worker {
  readonly #options: WorkerOptions
  readonly #runners = new Map<string, TaskRunner>()
  /** The tasks whose latest record the disk has refused. */
  readonly #unkept = new Set<string>()
  /** Changes of the set are applied one after the other. */
  #queue: Promise<void> = Promise.resolve()
  #hasCompleteSet = false
  #sweeping = false
  #sweepAgain = false
  #stopped = false

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  /**
   * Takes up the tasks that are on disk: those whose containers run go on, untouched. Resolves when they are known.
   * @param signal ends all work; containers go on running
   */
  async start(signal: AbortSignal): Promise<void> {
    const records = await this.#options.store.load()
    if (signal.aborted) return
    for (const record of records) this.#addRunner(record)
    this.#options.log.info({ tasks: records.length }, 'tasks taken up from disk')
    this.#options.executor.watch((event) => this.#onEvent(event), signal)
    for (const runner of this.#runners.values()) runner.wake()
    const stopPeriod = this.#everyPeriod()
    const stop = (): void => {
      stopPeriod()
      void this.#stop()
    }
    signal.addEventListener('abort', stop, { once: true })
  }

  /** Resolves when nothing is under way any more; for after the signal has aborted. */
  async stopped(): Promise<void> {
    await this.#stop()
    await this.#queue
  }

  /** What the manager wants is exactly this: tasks that are not named are no longer wanted. */
  replaceAll(tasks: readonly AssignedTask[]): Promise<void> {
    return this.#enqueue(async () => {
      const named = new Set(tasks.map((task) => task.ID))
      const missing = [...this.#runners.keys()].filter((id) => !named.has(id))
      await this.#apply(tasks, missing)
      this.#hasCompleteSet = true
      this.#sweep()
    })
  }

  /** The set has changed by this much. */
  change(change: {
    readonly put: readonly AssignedTask[]
    readonly removedTaskIds: readonly string[]
  }): Promise<void> {
    return this.#enqueue(() => this.#apply(change.put, change.removedTaskIds))
  }

  /** The present status of every task that is still wanted, ended ones included. */
  statuses(): { taskId: string; status: TaskStatus }[] {
    return [...this.#runners.values()]
      .filter((runner) => !runner.withdrawn && isAtLeast(runner.status.State as TaskState, 'accepted'))
      .map((runner) => ({ taskId: runner.task.ID, status: runner.status }))
  }

  /** The tasks that have, or are about to have, a container here: all that are not over. */
  *tasks(): Iterable<AssignedTask> {
    for (const runner of this.#runners.values()) if (!runner.isOver) yield runner.task
  }

  /** The container of a task of this host as the engine names it; for logs and the like. */
  runnerOf(taskId: string): Pick<TaskRunner, 'task' | 'status'> | undefined {
    return this.#runners.get(taskId)
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(() => (this.#stopped ? undefined : work()))
    this.#queue = result.catch(() => undefined)
    return result
  }

  /** First the disk, then the runners. */
  async #apply(given: readonly AssignedTask[], removedIds: readonly string[]): Promise<void> {
    const put = given.map((task) => adapted(task, this.#runners.get(task.ID)?.task))
    const withdrawn = removedIds.map((id) => this.#runners.get(id)).filter((runner) => runner !== undefined)
    const fresh = assignedStatus(this.#options.clock.now())
    const records = [
      ...put.map((task) => this.#record(task, this.#runners.get(task.ID)?.status ?? fresh, false)),
      ...withdrawn.map(({ task, status }) => this.#record(task, status, true)),
    ]
    await this.#keep(records)
    for (const record of records.slice(0, put.length)) {
      const runner = this.#runners.get(record.task.ID)
      if (runner) runner.update(record.task)
      else this.#addRunner(record).wake()
    }
    for (const runner of withdrawn) runner.withdraw()
  }

  /**
   * A disk that refuses, as a full one does, holds nothing up: the manager must hear of this host, and a stop must be
   * obeyed. What is lost if the agent restarts meanwhile, the next complete set brings again.
   */
  async #keep(records: readonly AssignmentRecord[]): Promise<void> {
    const { store, log } = this.#options
    try {
      await store.put(records)
      for (const { task } of records) this.#unkept.delete(task.ID)
    } catch (error) {
      // A first failure is news; that it goes on is not.
      if (this.#unkept.size === 0) log.error({ reason: messageOf(error) }, 'tasks cannot be kept on disk')
      for (const { task } of records) this.#unkept.add(task.ID)
    }
  }

  async #keepAgain(): Promise<void> {
    const runners = [...this.#unkept]
      .map((id) => this.#runners.get(id))
      .filter((runner) => runner !== undefined)
    if (runners.length === 0) return
    await this.#keep(runners.map(({ task, status, withdrawn }) => this.#record(task, status, withdrawn)))
    if (this.#unkept.size === 0) this.#options.log.info('tasks are kept on disk again')
  }

  #record(task: AssignedTask, status: TaskStatus, withdrawn: boolean): AssignmentRecord {
    return { task, status, withdrawn, bootId: this.#options.bootId }
  }

  #addRunner(record: AssignmentRecord): TaskRunner {
    const { executor, networks, clock, random, log, bootId } = this.#options
    const id = record.task.ID
    const runner = new TaskRunner(record.task, record.status, record.withdrawn, {
      executor,
      networks,
      clock,
      random,
      log,
      hostRestarted: record.bootId !== bootId,
      onStatus: (status) => this.#keepAndReport(id, status),
      onSettled: () => this.#settled(id),
    })
    this.#runners.set(id, runner)
    return runner
  }

  /** Only what decides later is worth a write: that it ran, and how it ended. */
  async #keepAndReport(id: string, status: TaskStatus): Promise<void> {
    const runner = this.#runners.get(id)
    if (!runner) return
    if (!isTransient(status.State as TaskState))
      await this.#keep([this.#record(runner.task, status, runner.withdrawn)])
    if (!runner.withdrawn) this.#options.report(id, status)
  }

  /** A withdrawn task that is over is forgotten. */
  #settled(id: string): void {
    const runner = this.#runners.get(id)
    if (!runner?.withdrawn || !runner.isOver) return
    void this.#enqueue(async () => {
      // Since then the manager may have asked for it again.
      if (this.#runners.get(id) !== runner || !runner.withdrawn) return
      await this.#forget(id)
      this.#runners.delete(id)
      await runner.stop()
      this.#sweep()
    }).catch((error: unknown) =>
      this.#options.log.error({ task: id, reason: messageOf(error) }, 'cannot forget a task'),
    )
  }

  /** A record that cannot be removed is dealt with by the next start of the agent. */
  async #forget(id: string): Promise<void> {
    const { store, log } = this.#options
    await store
      .remove([id])
      .catch((error: unknown) =>
        log.error({ task: id, reason: messageOf(error) }, 'cannot forget a task on disk'),
      )
    this.#unkept.delete(id)
  }

  #onEvent(event: ExecutorEvent): void {
    if (event.kind === 'container') return this.#runners.get(event.taskId)?.containerChanged()
    this.#options.log.info('connected to the container engine')
    for (const runner of this.#runners.values()) runner.containerChanged()
    this.#sweep()
  }

  #everyPeriod(): CancelTimer {
    const { clock, periodMs } = this.#options
    const tick = (): void => {
      this.#sweep()
      void this.#enqueue(() => this.#keepAgain())
      cancel = clock.setTimer(periodMs, tick)
    }
    let cancel = clock.setTimer(periodMs, tick)
    return () => cancel()
  }

  /** Compares with the engine and cleans up; one at a time. */
  #sweep(): void {
    this.#sweepAgain = true
    if (this.#sweeping) return
    this.#sweeping = true
    void this.#sweepWhileAsked()
      .catch((error: unknown) =>
        this.#options.log.debug({ reason: messageOf(error) }, 'clean-up has to wait'),
      )
      .finally(() => {
        this.#sweeping = false
      })
  }

  async #sweepWhileAsked(): Promise<void> {
    while (this.#sweepAgain && !this.#stopped) {
      this.#sweepAgain = false
      const containers = await this.#options.executor.list()
      const byTask = new Map(containers.map((container) => [container.taskId, container]))
      for (const [id, runner] of this.#runners) runner.compare(byTask.get(id))
      if (this.#hasCompleteSet) await this.#removeUnasked(containers)
    }
  }

  async #removeUnasked(containers: readonly OwnContainer[]): Promise<void> {
    const runners = [...this.#runners.values()]
    const taskIds = new Set(this.#runners.keys())
    const serviceIds = new Set(
      runners.filter((runner) => !runner.withdrawn).map((runner) => runner.task.ServiceID),
    )
    await Promise.all(
      superfluous(containers, { taskIds, serviceIds }).map((container) => this.#remove(container)),
    )
  }

  async #remove(container: OwnContainer): Promise<void> {
    const { executor, log } = this.#options
    if (container.phase === 'running') {
      log.warn(
        { task: container.taskId, container: container.id },
        'removing a container that no task asks for',
      )
      await executor.stop(container.id)
    }
    await executor.remove(container.id)
  }

  async #stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()))
  }
}

/**
 * What is known better here. Containers are named after their service, and of a service that was removed meanwhile
 * the manager no longer knows the name, nor the labels. And the desired state only moves forward: a manager that has just become the
 * primary withholds a stop anew that this host has heard of already.
 */
function adapted(task: AssignedTask, known: AssignedTask | undefined): AssignedTask {
  if (!known) return task
  const { ServiceName, ServiceLabels } = task.ServiceName === '' ? known : task
  const isBack = isBefore(task.DesiredState as TaskState, known.DesiredState as TaskState)
  const { DesiredState } = isBack ? known : task
  return { ...task, ServiceName, ServiceLabels, DesiredState }
}
