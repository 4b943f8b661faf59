import { sleep, type CancelTimer, type Clock, type Logger, type Random } from '@shoal/common'
import type { Change } from '../state/records.js'
import type { State } from '../state/state.js'
import { mutationOf, stampOf, type Stamp } from './commit.js'
import { couldTake, decideGroup, type Decision } from './decide.js'
import type { Demand } from './demand.js'
import type { UseOf } from './measured-use.js'
import type { NodeInfo } from './node-info.js'
import { NodeSet } from './node-set.js'
import { Outbox, type Letter, type Outcome } from './outbox.js'
import { PendingTasks, type PendingGroup } from './pending.js'
import { SentNotes } from './sent-notes.js'
import { strategyOf, type Strategy } from './strategy.js'
import { TaskNotes } from './task-notes.js'

export interface SchedulerOptions {
  readonly state: State
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly strategy: Strategy
  readonly useOf?: UseOf
}

/** Gathers what changes at about the same time into one pass, in milliseconds. */
const DEBOUNCE_MS = 2
/** Every pending task is looked at this often although nothing seems to have changed, in milliseconds. */
const PERIOD_MS = 30_000
/** After so many milliseconds of work others get their turn. */
const SLICE_MS = 10
/** The clock is asked only every so many steps. */
const STEPS_PER_CLOCK = 32
/** After a commit failed for another reason than a lost race, in milliseconds. */
const RETRY_MS = 250
/**
 * The reasons told to tasks that still fit nowhere are renewed after this many milliseconds at the soonest,
 * and one more per task: a cluster in motion must not rewrite a long queue again and again.
 */
const REASONS_MS = 250

/**
 * Assigns pending tasks to nodes. Invariants: one pass runs at a time; a task is in at most one commit;
 * whatever changes during a pass leads to another one.
 */
export class SchedulerLoop {
  readonly #options: SchedulerOptions
  readonly #notes = new TaskNotes()
  readonly #set: NodeSet
  readonly #pending: PendingTasks
  readonly #outbox: Outbox
  readonly #sent = new SentNotes()
  #signal: AbortSignal = AbortSignal.abort()
  #wake: { readonly atMs: number; readonly cancel: CancelTimer } | undefined
  /** Until the first pass may run, and while one runs, waking only notes that another is due. */
  #busy = true
  #again = false
  #sliceStartMs = 0
  #latestStamp: (Stamp & { readonly atMs: number }) | undefined
  #steps = 0
  #isLoaded = false
  /** Of some change: until then nothing is known of a task that is read for the first time. */
  #hasHeard = false
  #loaded = Promise.resolve()

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#set = new NodeSet(options.state, options.useOf, this.#notes)
    this.#pending = new PendingTasks(this.#notes)
    this.#outbox = new Outbox({
      ...options,
      isOver: () => this.#signal.aborted,
      onOutcome: (letter, outcome) => this.#settle(letter, outcome),
    })
  }

  /** Starts to work, once only, and stops for good when `signal` aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return
    this.#signal = signal
    const unsubscribe = this.#options.state.subscribe((changes) => this.#hear(changes))
    const stopPeriod = this.#everyPeriod()
    signal.addEventListener(
      'abort',
      () => {
        unsubscribe()
        stopPeriod()
        this.#wake?.cancel()
      },
      { once: true },
    )
    this.#loaded = this.#load()
  }

  /** Resolves when all that was there at the start has been read, or the scheduler is stopped. */
  get loaded(): Promise<void> {
    return this.#loaded
  }

  /** The nodes as the scheduler sees them, claims under way included, when all that was there has been read. */
  get loadedNodes(): NodeSet | undefined {
    return this.#isLoaded ? this.#set : undefined
  }

  /** Reads what is there already. What changes meanwhile is heard as well: taking in a task twice does no harm. */
  async #load(): Promise<void> {
    const { state, clock } = this.#options
    this.#sliceStartMs = clock.now()
    for (const node of state.all('node')) {
      this.#set.loadNode(node)
      if (this.#mustRest()) await this.#rest()
      if (this.#signal.aborted) return
    }
    for (const task of state.all('task')) {
      if (!this.#hasHeard) this.#notes.expectNone(task.ID)
      this.#set.loadTask(task)
      this.#pending.update(task, task)
      if (this.#mustRest()) await this.#rest()
      if (this.#signal.aborted) return
    }
    this.#busy = false
    this.#isLoaded = true
    this.#wakeIn(0)
  }

  #hear(changes: readonly Change[]): void {
    this.#hasHeard = true
    const nowMs = this.#options.clock.now()
    let due = false
    for (const change of changes) {
      const task = change.kind === 'task' ? (change.after ?? change.before) : undefined
      const sent = task && this.#sent.heardOf(task.ID)
      if (sent) this.#notes.expect(task.ID, sent)
      this.#set.apply(change, nowMs)
      if (change.kind === 'task') {
        if (task && this.#pending.update(task, change.after)) due = true
      } else if (change.kind === 'spec' && change.after) {
        if (this.#pending.markDirty(change.after.ID)) due = true
      }
    }
    if (due || (this.#set.hasFreed && this.#pending.size > 0)) this.#wakeIn(DEBOUNCE_MS)
  }

  #everyPeriod(): CancelTimer {
    const { clock } = this.#options
    let cancel: CancelTimer
    const tick = (): void => {
      for (const group of this.#pending.groups()) group.dirty = true
      this.#wakeIn(0)
      cancel = clock.setTimer(PERIOD_MS, tick)
    }
    cancel = clock.setTimer(PERIOD_MS, tick)
    return () => cancel()
  }

  /** Has a pass begin within `delayMs` milliseconds. */
  #wakeIn(delayMs: number): void {
    if (this.#signal.aborted) return
    if (this.#busy) {
      this.#again = true
      return
    }
    const atMs = this.#options.clock.now() + delayMs
    if (this.#wake && this.#wake.atMs <= atMs) return
    this.#wake?.cancel()
    const cancel = this.#options.clock.setTimer(delayMs, () => void this.#run())
    this.#wake = { atMs, cancel }
  }

  async #run(): Promise<void> {
    this.#wake = undefined
    this.#busy = true
    this.#again = false
    let next: number | undefined
    try {
      next = await this.#pass()
    } catch (error) {
      this.#options.log.error({ err: error, loop: 'scheduler' }, 'a pass failed')
      next = RETRY_MS
    }
    if (!this.#signal.aborted) this.#outbox.flush()
    this.#busy = false
    if (this.#again) this.#wakeIn(DEBOUNCE_MS)
    if (next !== undefined) this.#wakeIn(next)
  }

  /** @returns in how many milliseconds to look again although nothing may have changed */
  async #pass(): Promise<number | undefined> {
    const freed = this.#set.takeFreed()
    this.#sliceStartMs = this.#options.clock.now()
    for (const group of this.#pending.groups()) {
      const demand = this.#set.demandOf(group.serviceId, group.specVersion)
      // Without its spec a task cannot be placed; the group is woken when the spec comes.
      if (demand && this.#isDue(group, demand, freed)) await this.#place(group, demand)
      if (this.#signal.aborted) return undefined
    }
    return this.#untilReasonsAreOld()
  }

  #isDue(group: PendingGroup, demand: Demand, freed: ReadonlySet<NodeInfo>): boolean {
    if (group.dirty) return true
    if (group.lookedRevision === this.#set.revision) return false
    if (this.#options.clock.now() >= reasonsOldAt(group)) return true
    for (const node of freed) if (couldTake(node, demand)) return true
    // Tasks that replace others, or are bound to a node, see nodes in their own way.
    return freed.size > 0 && group.special > 0
  }

  /** Decides on the tasks of one group, and lets others have their turn between two decisions. */
  async #place(group: PendingGroup, demand: Demand): Promise<void> {
    const { state, clock, random } = this.#options
    const strategy = strategyOf(state, group.serviceId, this.#options.strategy)
    group.dirty = false
    group.lookedRevision = this.#set.revision
    group.lookedFreedRevision = this.#set.freedRevision
    group.lookedAtMs = clock.now()
    const tasks = this.#pending.free(group)
    const decisions = decideGroup({ set: this.#set, demand, tasks, strategy, random, nowMs: clock.now() })
    for (const decision of decisions) {
      this.#carryOut(decision)
      if (this.#mustRest()) await this.#rest()
      if (this.#signal.aborted) return
    }
    if (this.#mustRest()) await this.#rest()
  }

  #mustRest(): boolean {
    if (this.#outbox.isFull) return true
    if (++this.#steps % STEPS_PER_CLOCK !== 0) return false
    return this.#isSliceOver()
  }

  #isSliceOver(): boolean {
    return this.#options.clock.now() - this.#sliceStartMs >= SLICE_MS
  }

  /** Waits until there is room for more, and lets others have their turn: the one is not always the other. */
  async #rest(): Promise<void> {
    const { clock } = this.#options
    if (this.#outbox.isFull) {
      await this.#outbox.room()
      if (!this.#isSliceOver()) return
    }
    this.#outbox.flush()
    await sleep(clock, 0, this.#signal)
    this.#sliceStartMs = clock.now()
  }

  #carryOut(decision: Decision): void {
    const mutation = mutationOf(decision, this.#stamp())
    if (mutation === undefined) return
    this.#sent.add(this.#pending.takeLatest())
    this.#outbox.add({ decision, mutation })
  }

  /** To write the time out costs more than to place a task. */
  #stamp(): Stamp {
    const nowMs = this.#options.clock.now()
    if (this.#latestStamp?.atMs !== nowMs) this.#latestStamp = { atMs: nowMs, ...stampOf(nowMs) }
    return this.#latestStamp
  }

  /** The outcome of a commit is known: what the state says now is what holds, claims included. */
  #settle({ decision }: Letter, outcome: Outcome): void {
    const { task: place } = decision
    // That was heard of when it was stored: its claim is what the state says, and nothing waits any more.
    if (outcome === 'stored' && decision.type === 'assign') return
    const task = this.#options.state.get('task', place.ID)
    this.#pending.release(place)
    this.#set.applyTask(place, task)
    this.#pending.update(place, task)
    const group = this.#pending.groupOf(place)
    if (group === undefined) return
    if (outcome === 'failed') return this.#lookAgain(group, RETRY_MS)
    // A refusal that was stored is done, unless room came while its task could not be looked at.
    if (outcome === 'stored' && this.#set.freedRevision === group.lookedFreedRevision) return
    this.#lookAgain(group, DEBOUNCE_MS + Math.min(group.size / 100, RETRY_MS))
  }

  #lookAgain(group: PendingGroup, delayMs: number): void {
    group.dirty = true
    this.#wakeIn(delayMs)
  }

  #untilReasonsAreOld(): number | undefined {
    let earliest: number | undefined
    for (const group of this.#pending.groups()) {
      if (group.lookedRevision === this.#set.revision) continue
      earliest = Math.min(earliest ?? Infinity, reasonsOldAt(group))
    }
    return earliest === undefined ? undefined : Math.max(earliest - this.#options.clock.now(), DEBOUNCE_MS)
  }
}

function reasonsOldAt(group: PendingGroup): number {
  return group.lookedAtMs + REASONS_MS + group.size
}
