import { DEFAULT_LOOP, KeyedLoop } from '@shoal/manager/loops/keyed-loop'
import { clusterNews, createDispatcher, type Dispatcher } from '@shoal/manager/dispatcher/index'
import { campaign } from '@shoal/manager/leader/index'
import { Beats, createNodeHealth } from '@shoal/manager/node-health/index'
import { createReaper, createServiceReconciler } from '@shoal/manager/orchestrator/index'
import { createScheduler } from '@shoal/manager/scheduler/index'
import { openState, type LiveState } from '@shoal/manager/state/index'
import { messageOf, type Logger } from '@shoal/common'
import type { ServerEnd } from './network.js'
import { stateFor } from './bugs.js'
import { SimProcess } from './process.js'
import { StoreClient } from './shared-store.js'
import { CLUSTER, type World } from './world.js'

/** As in the manager's composition root. */
const LEADER_TTL_MS = 5_000
/** How long the supervisor waits before it starts a manager again, in milliseconds. */
const RESTART_MS = 500

/** One manager's place: its processes come and go, wired as the manager's composition root does it. */
export class SimManager {
  readonly name: string
  readonly address: string
  readonly #world: World
  #run: ManagerRun | undefined
  #incarnation = 0

  constructor(world: World, name: string) {
    this.#world = world
    this.name = name
    this.address = `${name}:2377`
  }

  get run(): ManagerRun | undefined {
    return this.#run
  }

  /** The state, while this manager leads and works. */
  get leadingState(): LiveState | undefined {
    return this.#run?.process.isRunning ? this.#run.leadingState : undefined
  }

  start(): void {
    const process = new SimProcess(`${this.name}/${++this.#incarnation}`, this.#world.clock)
    const run = new ManagerRun(this.#world, this, process)
    this.#run = run
    this.#world.network.listen(this.address, run)
    this.#world.trace.add(`${process.name} starts`)
    void run
      .live()
      .catch((error: unknown) => this.#world.trace.add(`${process.name} fails: ${messageOf(error)}`))
      .finally(() => this.#ended(run))
  }

  /** kill -9; the supervisor starts it again. */
  crash(restartAfterMs = RESTART_MS): void {
    const run = this.#run
    if (!run || run.process.isDead) return
    this.#world.trace.add(`${run.process.name} is killed`)
    this.#restartAfter(run, restartAfterMs)
  }

  /** Also the end of one that may not lead any more. */
  #ended(run: ManagerRun): void {
    if (run.process.isDead || this.#run !== run) return
    this.#world.trace.add(`${run.process.name} ends`)
    this.#restartAfter(run, RESTART_MS)
  }

  #restartAfter(run: ManagerRun, delayMs: number): void {
    run.process.kill()
    this.#world.clock.setTimer(delayMs, () => {
      if (this.#run === run) this.start()
    })
  }
}

/** One process of a manager. */
export class ManagerRun {
  readonly process: SimProcess
  readonly store: StoreClient
  readonly #world: World
  readonly #manager: SimManager
  readonly #log: Logger
  readonly #stopping = new AbortController()
  readonly #asked = new AbortController()
  readonly #beats: Beats
  #dispatcher: Dispatcher | undefined
  #state: LiveState | undefined
  #leading: LiveState | undefined

  constructor(world: World, manager: SimManager, process: SimProcess) {
    this.#world = world
    this.#manager = manager
    this.process = process
    this.store = new StoreClient(world.store, process, world.bug === 'no-fencing')
    this.#log = world.loggerFor(process)
    this.#beats = new Beats(process.clock)
    process.ended.addEventListener('abort', () => this.#stopping.abort())
  }

  /** Its memory, once it is loaded. */
  get state(): LiveState | undefined {
    return this.#state
  }

  get leadingState(): LiveState | undefined {
    return this.#leading
  }

  accept(call: ServerEnd): void {
    if (this.#dispatcher) this.#dispatcher.handlers.Session(call as never)
    else call.emit('error', { code: 14, details: 'this manager is starting' })
  }

  /** SIGTERM: lets go of the leadership, so that another one leads at once. */
  askToEnd(): void {
    this.#world.trace.add(`${this.process.name} is asked to end`)
    this.#asked.abort()
  }

  /** From its start to its end; rejects when the store cannot be used at the start. */
  async live(): Promise<void> {
    const { clock } = this.process
    const signal = this.#stopping.signal
    const log = this.#log
    const state = await openState({ store: this.store, cluster: CLUSTER, clock, log, signal })
    this.#state = state
    this.#world.watchMemory(this.process, state)
    this.#dispatcher = this.#createDispatcher(state)
    const leadership = await campaign({
      store: this.store,
      cluster: CLUSTER,
      managerId: this.#manager.name,
      address: this.#manager.address,
      apiAddress: this.#manager.address,
      ttlMs: LEADER_TTL_MS,
      clock,
      log,
      signal,
    })
    await state.lead(leadership)
    this.#world.trace.add(`${this.process.name} leads`)
    this.#startLoops(state)
    this.#leading = state
    await anyAborts([leadership.lost, state.deposed, this.#asked.signal])
    this.#leading = undefined
    this.#stopping.abort()
    await leadership.resign().catch(() => undefined)
  }

  #createDispatcher(state: LiveState): Dispatcher {
    const { clock } = this.process
    return createDispatcher({
      state: stateFor('dispatcher', state, this.#world.bug),
      clock,
      log: this.#log,
      beats: this.#beats,
      authenticate: (call) => ({ nodeId: (call as unknown as ServerEnd).host, role: 'worker' }),
      news: () => clusterNews(state, this.#world.managerAddresses(this.#manager.address)),
      primary: () => this.#world.leaderAddress(),
    })
  }

  #startLoops(state: LiveState): void {
    const { clock } = this.process
    const { bug } = this.#world
    const random = this.#world.dice.fork()
    const signal = this.#stopping.signal
    const log = this.#log
    const services = stateFor('services', state, bug)
    const reaper = stateFor('reaper', state, bug)
    for (const reconciler of [
      createServiceReconciler({ state: services, clock, random }),
      createReaper({ state: reaper }),
    ]) {
      new KeyedLoop(state, reconciler, { ...DEFAULT_LOOP, clock, log }).start(signal)
    }
    createScheduler({ state: stateFor('scheduler', state, bug), clock, random, log }).start(signal)
    createNodeHealth({ state, clock, log, beats: this.#beats }).start(signal)
    this.#dispatcher?.start(signal)
  }
}

function anyAborts(signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    }
  })
}
