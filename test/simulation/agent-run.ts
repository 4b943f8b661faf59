import { closable, type ClosableAssignments, giveUpTasks, leave } from '@shoal/agent/leaving'
import { createSession, type Session } from '@shoal/agent/session/index'
import { KeptDocuments } from '@shoal/agent/storage/kept-documents'
import { DEFAULT_WORKER, Worker } from '@shoal/agent/worker/index'
import { NO_NETWORKS } from '@shoal/agent/network/testing/no-networks'
import type { Clock, Logger, Random } from '@shoal/common'
import type { NodeDescription } from '@shoal/engine-api'
import type { Disk } from './disk.js'
import type { EngineClient } from './engine.js'
import type { Network } from './network.js'
import type { SimProcess } from './process.js'

export interface AgentRunOptions {
  readonly process: SimProcess
  readonly machine: string
  readonly nodeId: string
  readonly description: NodeDescription
  readonly bootId: string
  readonly network: Network
  readonly executor: EngineClient
  readonly disk: Disk
  readonly managers: { load(): Promise<readonly string[]>; save(managers: readonly string[]): Promise<void> }
  readonly random: Random
  readonly log: Logger
}

/** One process of an agent, wired as the agent's composition root does it, of the same parts. */
export class AgentRun {
  readonly process: SimProcess
  readonly #options: AgentRunOptions
  readonly #clock: Clock
  readonly #worker: Worker
  readonly #assignments: ClosableAssignments
  readonly #documents: KeptDocuments
  readonly #session: Session

  constructor(options: AgentRunOptions) {
    const { process, executor, disk, bootId, random, log, network, machine, nodeId } = options
    const { clock } = process
    this.#options = options
    this.process = process
    this.#clock = clock
    this.#worker = new Worker({
      ...DEFAULT_WORKER,
      executor,
      networks: NO_NETWORKS,
      store: disk.assignmentsFor(process),
      bootId,
      report: (taskId, status) => this.#session.report(taskId, status),
      clock,
      random,
      log,
    })
    this.#assignments = closable(this.#worker)
    // Hosts of the simulation have no network of their own to put documents in force.
    const ignored = { replaceAll: () => undefined, change: () => undefined }
    this.#documents = new KeptDocuments(disk.documentsFor(process), ignored, log)
    this.#session = createSession({
      managers: options.managers,
      connect: (address) => network.connect({ host: machine, nodeId, process }, address),
      describeHost: () => Promise.resolve(options.description),
      onAssignments: this.#assignments,
      onDocuments: this.#documents,
      advertiseAddress: machine,
      clock,
      random,
      log,
    })
  }

  start(): void {
    void this.#live()
  }

  async #live(): Promise<void> {
    const { ended } = this.process
    await this.#documents.takeUp()
    await this.#worker.start(ended)
    await this.#session.run(ended)
  }

  /** Says good-bye and removes every task. @throws ShoalError when the engine is away */
  leave(): Promise<void> {
    const { executor } = this.#options
    return leave({
      worker: this.#worker,
      assignments: this.#assignments,
      network: { remove: () => Promise.resolve() },
      documents: this.#documents,
      executor,
      session: this.#session,
      clock: this.#clock,
    })
  }

  /** Removes what an agent before this one had no chance to. @throws ShoalError when the engine is away */
  async removeTasks(): Promise<void> {
    await this.#worker.start(this.process.ended)
    await giveUpTasks(this.#worker, this.#options.executor, this.#clock)
    await this.#documents.giveUp()
  }
}
