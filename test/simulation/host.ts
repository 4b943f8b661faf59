import { messageOf } from '@shoal/common'
import type { NodeDescription } from '@shoal/engine-api'
import { AgentRun } from './agent-run.js'
import { Disk, type Medium } from './disk.js'
import { Engine } from './engine.js'
import { SimProcess } from './process.js'
import type { World } from './world.js'

/** How soon an agent that could not finish its leaving is started again, in milliseconds. */
const TRY_AGAIN_MS = 1_000

type Membership =
  | { readonly kind: 'member' }
  /** Its tasks are being removed. */
  | { readonly kind: 'leaving'; readonly done: () => void }
  | { readonly kind: 'apart' }

/** One Docker host: its engine and its disk stay, its agent comes and goes, and so may its membership. */
export class SimHost {
  /** Its name, which stays whatever node it is. */
  readonly machine: string
  readonly engine: Engine
  readonly medium: Medium = { isFull: false, slowness: 0 }
  readonly description: NodeDescription
  readonly #world: World
  #nodeId: string
  #membership: Membership = { kind: 'member' }
  #disk: Disk
  #managers: readonly string[]
  #agent: AgentRun | undefined
  #incarnation = 0
  #boot = 1

  constructor(world: World, machine: string, description: NodeDescription) {
    this.machine = machine
    this.#nodeId = machine
    this.description = description
    this.#world = world
    this.#disk = new Disk(this.medium, world.dice)
    this.#managers = world.managerAddresses()
    this.engine = new Engine({
      nodeId: machine,
      clock: world.clock,
      dice: world.dice,
      onStart: (task) => world.containerStarted(this.#nodeId, task),
      onEnd: (task) => world.containerEnded(this.#nodeId, task),
    })
  }

  /** Which node it is, or was last. */
  get nodeId(): string {
    return this.#nodeId
  }

  get process(): SimProcess | undefined {
    return this.#agent?.process
  }

  get isMember(): boolean {
    return this.#membership.kind === 'member'
  }

  get isApart(): boolean {
    return this.#membership.kind === 'apart'
  }

  /** The agent's process begins, unless there is nothing for it to do. */
  start(): void {
    if (this.isApart) return
    const process = new SimProcess(`${this.machine}/${++this.#incarnation}`, this.#world.clock)
    const agent = this.#newAgent(process)
    this.#agent = agent
    this.#world.trace.add(`${process.name} starts`)
    if (this.isMember) agent.start()
    else this.#finishLeaving(agent, agent.removeTasks())
  }

  #newAgent(process: SimProcess): AgentRun {
    const { network, dice, bug } = this.#world
    return new AgentRun({
      process,
      machine: this.machine,
      nodeId: this.#nodeId,
      description: this.description,
      bootId: String(this.#boot),
      network,
      executor: this.engine.clientOf(process, bug === 'stop-lies'),
      disk: this.#disk,
      managers: {
        load: () => Promise.resolve(this.#managers),
        save: (managers) => {
          if (this.medium.isFull) return Promise.reject(new Error('ENOSPC: no space left on device, write'))
          this.#managers = managers
          return Promise.resolve()
        },
      },
      random: dice.fork(),
      log: this.#world.loggerFor(process),
    })
  }

  /** It leaves the cluster; nothing of it is left on the host when `done` is called. */
  leave(done: () => void): void {
    const agent = this.#agent
    if (!this.isMember || !agent?.process.isRunning) return
    this.#world.trace.add(`${this.machine} leaves as ${this.#nodeId}`)
    this.#membership = { kind: 'leaving', done }
    this.#finishLeaving(agent, agent.leave())
  }

  /** It has been admitted as this node. */
  joined(nodeId: string): void {
    if (!this.isApart) return
    this.#world.trace.add(`${this.machine} joins as ${nodeId}`)
    this.#nodeId = nodeId
    this.#membership = { kind: 'member' }
    this.#disk = new Disk(this.medium, this.#world.dice)
    this.#managers = this.#world.managerAddresses()
    this.start()
  }

  #finishLeaving(agent: AgentRun, work: Promise<void>): void {
    work.then(
      () => this.#left(agent),
      (error: unknown) => {
        if (agent.process.isDead) return
        this.#world.trace.add(`${this.machine} cannot leave yet: ${messageOf(error)}`)
        this.#endAndRestart(agent.process, TRY_AGAIN_MS)
      },
    )
  }

  #left(agent: AgentRun): void {
    if (agent.process.isDead || this.#membership.kind !== 'leaving') return
    const { done } = this.#membership
    this.#membership = { kind: 'apart' }
    agent.process.kill()
    done()
  }

  /** The agent dies and is started again; containers run on. */
  crash(restartAfterMs: number): void {
    const process = this.process
    if (!process || process.isDead) return
    this.#world.trace.add(`${process.name} is killed`)
    this.#endAndRestart(process, restartAfterMs)
  }

  /** The machine goes down and comes back; its containers end with it. */
  reboot(restartAfterMs: number): void {
    const process = this.process
    if (!process || process.isDead) return
    this.#world.trace.add(`${this.machine} reboots`)
    this.#boot++
    this.#endAndRestart(process, restartAfterMs)
    this.engine.reboot()
  }

  #endAndRestart(process: SimProcess, restartAfterMs: number): void {
    process.kill()
    this.#world.clock.setTimer(restartAfterMs, () => {
      if (this.process === process) this.start()
    })
  }
}
