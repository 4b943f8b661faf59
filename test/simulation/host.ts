import { createSession, type Session } from '@shoal/agent/session/index'
import { MemoryAssignmentStore } from '@shoal/agent/storage/memory-store'
import { DEFAULT_WORKER, Worker } from '@shoal/agent/worker/index'
import type { NodeDescription } from '@shoal/engine-api'
import { Engine } from './engine.js'
import { SimProcess } from './process.js'
import type { World } from './world.js'

/** One Docker host: its engine and its disk stay, its agent comes and goes. */
export class SimHost {
  readonly nodeId: string
  readonly engine: Engine
  readonly description: NodeDescription
  readonly #world: World
  readonly #disk = new MemoryAssignmentStore()
  #managers: readonly string[]
  #process: SimProcess | undefined
  #incarnation = 0
  #boot = 1

  constructor(world: World, nodeId: string, description: NodeDescription) {
    this.nodeId = nodeId
    this.description = description
    this.#world = world
    this.#managers = world.managerAddresses()
    this.engine = new Engine({
      nodeId,
      clock: world.clock,
      dice: world.dice,
      onStart: (task) => world.containerStarted(nodeId, task),
      onEnd: (task) => world.containerEnded(nodeId, task),
    })
  }

  get process(): SimProcess | undefined {
    return this.#process
  }

  /** Wired as the agent's composition root does it. */
  start(): void {
    const process = new SimProcess(`${this.nodeId}/${++this.#incarnation}`, this.#world.clock)
    this.#process = process
    const { clock } = process
    const log = this.#world.loggerFor(process)
    const random = this.#world.dice.fork()
    const executor = this.engine.clientOf(process, this.#world.bug === 'stop-lies')
    let session: Session | undefined
    const worker = new Worker({
      ...DEFAULT_WORKER,
      executor,
      store: this.#disk,
      bootId: String(this.#boot),
      report: (taskId, status) => session?.report(taskId, status),
      clock,
      random,
      log,
    })
    session = createSession({
      managers: {
        load: () => Promise.resolve(this.#managers),
        save: (managers) => {
          this.#managers = managers
          return Promise.resolve()
        },
      },
      connect: (address) => this.#world.network.connect(this.nodeId, process, address),
      describeHost: () => Promise.resolve(this.description),
      onAssignments: worker,
      onDocuments: { replaceAll: () => undefined, change: () => undefined },
      advertiseAddress: this.nodeId,
      clock,
      random,
      log,
    })
    const begun = session
    void worker.start(process.ended).then(() => begun.run(process.ended))
    this.#world.trace.add(`${process.name} starts`)
  }

  /** The agent dies and is started again; containers run on. */
  crash(restartAfterMs: number): void {
    const process = this.#process
    if (!process || process.isDead) return
    this.#world.trace.add(`${process.name} is killed`)
    this.#endAndRestart(process, restartAfterMs)
  }

  /** The machine goes down and comes back; its containers end with it. */
  reboot(restartAfterMs: number): void {
    const process = this.#process
    if (!process || process.isDead) return
    this.#world.trace.add(`${this.nodeId} reboots`)
    this.#boot++
    this.#endAndRestart(process, restartAfterMs)
    this.engine.reboot()
  }

  #endAndRestart(process: SimProcess, restartAfterMs: number): void {
    process.kill()
    this.#world.clock.setTimer(restartAfterMs, () => {
      if (this.#process === process) this.start()
    })
  }
}
