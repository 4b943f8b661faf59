import { sleep, type Clock, type Logger, type Random } from '@shoal/common'
import { type AddressBook, createAllocator } from './allocator/index.js'
import type { Dispatcher } from './dispatcher/index.js'
import { DEFAULT_LOOP, KeyedLoop } from './loops/keyed-loop.js'
import { Turns } from './loops/turns.js'
import { type Beats, createNodeHealth } from './node-health/index.js'
import { createReaper, createServiceReconciler } from './orchestrator/index.js'
import { createRebalancer } from './rebalance/index.js'
import { createScheduler, type SchedulerDesk } from './scheduler/index.js'
import type { State } from './state/index.js'

export interface PrimaryParts {
  readonly state: State
  readonly dispatcher: Dispatcher
  readonly beats: Beats
  /** Kept from the manager's start on, so that whoever takes over knows which addresses were freed of late. */
  readonly book: AddressBook
  /** Where the API finds the scheduler. */
  readonly desk: SchedulerDesk
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** The loops of one term share the time of a turn. */
type Start = (parts: PrimaryParts & { readonly turns: Turns }, signal: AbortSignal) => void

/** What only the primary runs, in the order in which it starts: agents come as soon as it leads. */
export const PRIMARY_LOOPS = {
  dispatcher: ({ dispatcher }, signal) => dispatcher.start(signal),
  services: ({ state, turns, clock, random, log }, signal) =>
    new KeyedLoop(state, createServiceReconciler({ state, clock, random }), {
      ...DEFAULT_LOOP,
      turns,
      clock,
      log,
    }).start(signal),
  reaper: ({ state, turns, clock, log }, signal) =>
    new KeyedLoop(state, createReaper({ state }), { ...DEFAULT_LOOP, turns, clock, log }).start(signal),
  allocator: ({ state, turns, book, clock, random, log }, signal) =>
    new KeyedLoop(state, createAllocator({ state, book, clock, random, log }), {
      ...DEFAULT_LOOP,
      turns,
      clock,
      log,
    }).start(signal),
  scheduler: ({ state, turns, dispatcher, desk, clock, random, log }, signal) => {
    const useOf = (nodeId: string) => dispatcher.useOf(nodeId)
    const scheduler = createScheduler({ state, clock, random, useOf, log: log.child({ part: 'scheduler' }) })
    scheduler.start(signal)
    desk.open(scheduler, signal)
    // It asks the scheduler what is worth moving.
    const options = { ...DEFAULT_LOOP, turns, clock, log }
    new KeyedLoop(state, createRebalancer({ state, clock, scheduler }), options).start(signal)
  },
  nodeHealth: ({ state, turns, clock, log, beats }, signal) =>
    createNodeHealth({ state, turns, clock, log, beats }).start(signal),
} as const satisfies Readonly<Record<string, Start>>

/**
 * Starts everything that only the primary runs, for one term: all of it ends when `signal` aborts. The dispatcher runs
 * when this returns, and each of the others begins in a turn of the event loop of its own: in a large cluster what each
 * has to read at first takes a while.
 */
export async function startLoops(parts: PrimaryParts, signal: AbortSignal): Promise<void> {
  const turns = new Turns(parts.clock)
  for (const start of Object.values(PRIMARY_LOOPS)) {
    if (signal.aborted) return
    start({ ...parts, turns }, signal)
    await sleep(parts.clock, 0, signal)
  }
}
