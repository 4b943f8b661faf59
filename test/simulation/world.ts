import { isTerminal, type Logger } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import type { AssignedTask } from '@shoal/engine-api'
import type { LiveState } from '@shoal/manager/state/index'
import type { Change } from '@shoal/manager/state/records'
import type { Bug } from './bugs/index.js'
import { Dice } from './dice.js'
import { SimHost } from './host.js'
import { watchfulLogger } from './logger.js'
import { SimManager } from './manager.js'
import { Network } from './network.js'
import type { SimProcess } from './process.js'
import { describeChange } from './describe.js'
import { newRules, type Rule } from './rules/index.js'
import { SharedStore, type Written } from './shared-store.js'
import { layOut, type Layout } from './layout.js'
import { short, Trace } from './trace.js'
import { Truth } from './truth.js'

export const CLUSTER = 'sim'

/** More turns than this within one simulated second, and something spins. */
const TURNS_PER_SECOND = 20_000

/** A rule that does not hold. */
export class Violation extends Error {
  readonly rule: string

  constructor(rule: string, detail: string) {
    super(detail)
    this.rule = rule
  }
}

export interface WorldOptions {
  readonly seed: number
  readonly bug?: Bug
  readonly keepWholeTrace?: boolean
}

/** Everything that there is in one simulation: machines, store, network, and who watches them. */
export class World {
  readonly clock = new VirtualClock()
  readonly dice: Dice
  readonly bug: Bug | undefined
  readonly trace: Trace
  readonly truth = new Truth(CLUSTER)
  readonly store: SharedStore
  readonly network: Network
  readonly managers: readonly SimManager[]
  readonly hosts: readonly SimHost[]
  readonly layout: Layout
  readonly #rules: readonly Rule[]
  #violation: Violation | undefined
  #second = { at: 0, turns: 0 }
  /** When the store was last written to, in milliseconds since the epoch. */
  lastWriteMs = 0

  constructor({ seed, bug, keepWholeTrace }: WorldOptions) {
    this.dice = new Dice(seed)
    this.bug = bug
    this.trace = new Trace(this.clock, keepWholeTrace ?? false)
    const { clock, dice } = this
    this.store = new SharedStore({
      cluster: CLUSTER,
      clock,
      dice,
      onWrite: (written) => this.#written(written),
    })
    this.network = new Network({ clock, dice })
    this.layout = layOut(dice)
    this.managers = this.layout.managers.map((name) => new SimManager(this, name))
    this.hosts = this.layout.nodes.map(({ id, description }) => new SimHost(this, id, description))
    this.#rules = newRules(this)
  }

  get violation(): Violation | undefined {
    return this.#violation
  }

  /** The first counts; what follows from it says nothing new. */
  violate(rule: string, detail: string): void {
    if (this.#violation) return
    this.#violation = new Violation(rule, detail)
    this.trace.add(`VIOLATION of "${rule}": ${detail}`)
  }

  managerAddresses(): string[] {
    return this.managers.map(({ address }) => address)
  }

  /** A manager that believes that it leads: there may be two of them, and one may stand still. */
  leader(): SimManager | undefined {
    const believers = this.managers.filter(({ leadingState }) => leadingState !== undefined)
    return believers.length > 1 ? this.dice.pick(believers) : believers[0]
  }

  loggerFor(process: SimProcess): Logger {
    return watchfulLogger((text) => {
      if (process.isRunning) this.violate('no unexpected error', `${process.name} logged: ${text}`)
    })
  }

  /** Holds the memory of a manager to the rules as well. */
  watchMemory(process: SimProcess, state: LiveState): void {
    state.subscribe((changes) => {
      if (process.isDead) return
      for (const rule of this.#rules) rule.inMemory?.(changes, process.name)
    })
  }

  containerStarted(nodeId: string, task: AssignedTask): void {
    this.trace.add(
      `container of ${task.ServiceName}.${task.Slot ?? nodeId}.${short(task.ID)} starts on ${nodeId}`,
    )
    for (const rule of this.#rules) rule.onStart?.(nodeId, task)
  }

  containerEnded(nodeId: string, task: AssignedTask): void {
    this.trace.add(
      `container of ${task.ServiceName}.${task.Slot ?? nodeId}.${short(task.ID)} ends on ${nodeId}`,
    )
  }

  /** Runs for so long, or until a rule is broken. */
  async run(ms: number): Promise<void> {
    const until = this.clock.now() + ms
    for (;;) {
      if (this.#violation) return
      const at = this.clock.nextTimerAt()
      if (at === undefined || at > until) break
      this.#countTurn(at)
      this.clock.advance(at - this.clock.now())
      await allSettled()
    }
    this.clock.advance(until - this.clock.now())
  }

  #countTurn(at: number): void {
    const second = Math.floor(at / 1_000)
    if (this.#second.at !== second) this.#second = { at: second, turns: 0 }
    if (++this.#second.turns > TURNS_PER_SECOND) {
      this.violate('nothing spins', `more than ${TURNS_PER_SECOND} turns within one second`)
    }
  }

  #written(written: Written): void {
    const changes: Change[] = this.truth.apply(written.operations, written.revision)
    if (changes.length === 0) return
    // A node's part in a network that it has no more use for is taken back long after.
    if (changes.some(({ kind, after }) => kind !== 'gateway' || after)) this.lastWriteMs = this.clock.now()
    for (const change of changes) this.trace.add(`${written.writer} ${describeChange(change)}`)
    for (const rule of this.#rules) rule.onWrite?.(changes, written)
  }

  /** The containers that run on all hosts, by task. */
  containersOf(serviceId: string): { readonly nodeId: string; readonly task: AssignedTask }[] {
    return this.hosts.flatMap((host) =>
      [...host.engine.running.values()]
        .filter((task) => task.ServiceID === serviceId)
        .map((task) => ({ nodeId: host.nodeId, task })),
    )
  }

  /** Whether the store says that the task has ended. */
  hasEnded(taskId: string): boolean {
    const task = this.truth.task(taskId)
    return task === undefined || isTerminal(task.Status.State)
  }
}

/**
 * Lets every promise that is ready run to its end, as `settle` does, without a round of the machine's own events:
 * nothing in a simulation waits for these, and there are thousands of turns in a life.
 */
function allSettled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}
