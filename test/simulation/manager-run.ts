import { setMaxListeners } from 'node:events'
import type { Logger } from '@shoal/common'
import { AddressBook } from '@shoal/manager/allocator/index'
import { WriteQueue } from '@shoal/manager/api/write-queue'
import { clusterNews, createDispatcher, type Dispatcher } from '@shoal/manager/dispatcher/index'
import { Election } from '@shoal/manager/election'
import { ManagerDirectory, type Term } from '@shoal/manager/leader/index'
import { managerAddresses } from '@shoal/manager/manager-addresses'
import { Beats } from '@shoal/manager/node-health/index'
import { Turns } from '@shoal/manager/loops/turns'
import { PRIMARY_LOOPS, type PrimaryParts, startLoops } from '@shoal/manager/primary'
import { SchedulerDesk } from '@shoal/manager/scheduler/index'
import { Role } from '@shoal/manager/role'
import { type LiveState, openState } from '@shoal/manager/state/index'
import { bookFor, probeFor, stateFor } from './bugs/index.js'
import type { ServerEnd } from './call.js'
import type { Listener } from './network.js'
import type { SimProcess } from './process.js'
import { StoreClient } from './shared-store.js'
import { withinTerm } from './term.js'
import { CLUSTER, type World } from './world.js'

/** What stays the same for all terms of one process. */
interface Base {
  readonly state: LiveState
  readonly dispatcher: Dispatcher
  readonly beats: Beats
  readonly book: AddressBook
}

/** One process of a manager, wired as the manager's composition root does it, of the same parts. */
export class ManagerRun implements Listener {
  readonly process: SimProcess
  readonly store: StoreClient
  /** As the API has it: no two services may get the same name. */
  readonly writes = new WriteQueue()
  readonly #world: World
  readonly #name: string
  readonly #address: string
  readonly #log: Logger
  readonly #stopping = new AbortController()
  readonly #asked = new AbortController()
  readonly #role = new Role()
  #dispatcher: Dispatcher | undefined
  #state: LiveState | undefined
  #book: AddressBook | undefined

  constructor(
    world: World,
    { name, address }: { readonly name: string; readonly address: string },
    process: SimProcess,
  ) {
    this.#world = world
    this.#name = name
    this.#address = address
    this.process = process
    this.store = new StoreClient(world.store, process, world.bug)
    this.#log = world.loggerFor(process)
    // With one of the bugs all that runs in a term listens to it.
    setMaxListeners(0, this.#stopping.signal)
    process.ended.addEventListener('abort', () => this.#stopping.abort(), { once: true })
  }

  get book(): AddressBook | undefined {
    return this.#book
  }

  /** Its memory, once it is loaded. */
  get state(): LiveState | undefined {
    return this.#state
  }

  get leadingState(): LiveState | undefined {
    return this.#role.primary ? this.#state : undefined
  }

  get listens(): boolean {
    return this.#dispatcher !== undefined && !this.process.isDead
  }

  accept(call: ServerEnd): void {
    this.#dispatcher?.handlers.Session(call as never)
  }

  /** SIGTERM: lets go of the leadership, so that another one leads at once. */
  askToEnd(): void {
    this.#world.trace.add(`${this.process.name} is asked to end`)
    this.#asked.abort()
  }

  /** From its start to its end; rejects when the store cannot be used at the start. */
  async live(): Promise<void> {
    const { store, process } = this
    const { clock } = process
    const common = { store, cluster: CLUSTER, clock, log: this.#log, signal: this.#stopping.signal }
    const state = await openState(common)
    this.#state = state
    this.#world.watchMemory(process, state)
    const directory = await ManagerDirectory.open(common)
    const election = new Election({
      ...common,
      info: { managerId: this.#name, address: this.#address, apiAddress: this.#address },
      initialise: false,
      state,
      role: this.#role,
      probe: probeFor(this.#world.network.probeFrom(this.#name, process), this.#world.bug),
    })
    const beats = new Beats(clock)
    const book = new AddressBook(bookFor({ state, clock }, this.#world.bug)).follow(this.#stopping.signal)
    this.#book = book
    const dispatcher = this.#createDispatcher(state, directory, beats)
    directory.onChange(() => dispatcher.newsChanged())
    this.#dispatcher = dispatcher
    election.run((term) => this.#begin({ state, dispatcher, beats, book }, term))
    await untilAborted(this.#asked.signal)
    await election.end()
  }

  #createDispatcher(state: LiveState, directory: ManagerDirectory, beats: Beats): Dispatcher {
    return createDispatcher({
      state: stateFor('dispatcher', state, this.#world.bug),
      clock: this.process.clock,
      log: this.#log,
      beats,
      authenticate: (call) => ({ nodeId: (call as unknown as ServerEnd).nodeId, role: 'worker' }),
      news: () => {
        const known = managerAddresses(state, directory)
        return clusterNews(state, known.length > 0 ? known : [this.#address])
      },
      primary: () => {
        const leader = directory.leader()
        return leader?.managerId === this.#name ? undefined : leader?.address
      },
    })
  }

  #begin({ state, dispatcher, beats, book }: Base, term: Term): void {
    const { trace, dice, bug } = this.#world
    trace.add(`${this.process.name} leads`)
    const ends = (): void => {
      if (!this.process.isDead) trace.add(`${this.process.name} leads no more`)
    }
    term.signal.addEventListener('abort', ends, { once: true })
    const parts: PrimaryParts = {
      state: withinTerm(this.#world, this.process, state, term),
      dispatcher,
      beats,
      book,
      desk: new SchedulerDesk(),
      clock: this.process.clock,
      random: dice.fork(),
      log: this.#log,
    }
    const signal = bug === 'loops-outlive-their-term' ? this.#stopping.signal : term.signal
    if (bug === undefined) return void startLoops(parts, signal)
    const turns = new Turns(parts.clock)
    for (const [name, start] of Object.entries(PRIMARY_LOOPS)) {
      start(
        { ...parts, turns, state: stateFor(name as keyof typeof PRIMARY_LOOPS, parts.state, bug, term) },
        signal,
      )
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
