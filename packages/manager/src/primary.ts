import type { Clock, Logger, Random } from '@shoal/common'
import type { Dispatcher } from './dispatcher/index.js'
import { DEFAULT_LOOP, KeyedLoop } from './loops/keyed-loop.js'
import { type Beats, createNodeHealth } from './node-health/index.js'
import { createReaper, createServiceReconciler } from './orchestrator/index.js'
import { createScheduler } from './scheduler/index.js'
import type { State } from './state/index.js'

export interface PrimaryParts {
  readonly state: State
  readonly dispatcher: Dispatcher
  readonly beats: Beats
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Starts everything that only the primary runs, for one term: all of it ends when `signal` aborts. */
export function startLoops(parts: PrimaryParts, signal: AbortSignal): void {
  const { state, dispatcher, beats, clock, random, log } = parts
  for (const reconciler of [createServiceReconciler({ state, clock, random }), createReaper({ state })]) {
    new KeyedLoop(state, reconciler, { ...DEFAULT_LOOP, clock, log }).start(signal)
  }
  createScheduler({ state, clock, random, log: log.child({ part: 'scheduler' }) }).start(signal)
  createNodeHealth({ state, clock, log, beats }).start(signal)
  dispatcher.start(signal)
}
