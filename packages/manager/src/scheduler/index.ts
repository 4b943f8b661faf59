/**
 * Tasks → nodes: finds a node for every pending task, PENDING → ASSIGNED, or says why there is none. The
 * orchestrator and the allocator make tasks pending before it, the dispatcher sends them out behind it.
 *
 * loop.ts wakes and yields; decide.ts places one group of like tasks; commit.ts says what a decision changes, and
 * outbox.ts writes many of them down together. node-set.ts and node-info.ts follow the state by its feed, node-class.ts
 * and load-index.ts spare the look at most nodes; filters.ts and affinities.ts say what fits, wishes.ts what is wished, measured-use.ts what is in use, strategy.ts, pool.ts and preference-tree.ts
 * what is best; explain.ts answers people, who come to the desk (desk.ts), with the figures of shortages.ts in the
 * words of amounts.ts; moves.ts answers those who would have tasks move where it has become emptier.
 */
import { ShoalError, type Clock, type Logger, type Random } from '@shoal/common'
import type { Move } from '../state/records.js'
import type { State } from '../state/state.js'
import { explain, type Explanation, type Subject } from './explain.js'
import { SchedulerLoop } from './loop.js'
import type { UseOf } from './measured-use.js'
import { worthwhileMoves, type MovesRequest } from './moves.js'
import { spread, type Strategy } from './strategy.js'

export { SchedulerDesk } from './desk.js'
export type { Explanation, Subject } from './explain.js'
export type { MovesRequest } from './moves.js'
export { binpack, random, spread, strategyOf, type Strategy } from './strategy.js'

export interface SchedulerParts {
  readonly state: State
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** For services and clusters whose labels name none: spread, unless it is told otherwise. */
  readonly strategy?: Strategy
  /** What is in use on nodes, for services that are to be placed by it; without it nothing is known. */
  readonly useOf?: UseOf
}

export interface Scheduler {
  /** Runs until `signal` aborts. To be called once: whoever leads anew makes a new scheduler. */
  start(signal: AbortSignal): void
  /** See worthwhileMoves; undefined while not all is known yet. */
  moves(request: MovesRequest): Move[] | undefined
  /**
   * See `explain` of explain.ts. Waits until the scheduler knows what is there, as it does a moment after its start.
   * @throws ShoalError `not-found`; `unavailable` when the term ends before
   */
  explain(subject: Subject): Promise<Explanation>
}

export function createScheduler(parts: SchedulerParts): Scheduler {
  const usual = parts.strategy ?? spread
  const loop = new SchedulerLoop({ ...parts, strategy: usual })
  return {
    start: (signal) => loop.start(signal),
    moves(request) {
      const set = loop.loadedNodes
      return set && worthwhileMoves(parts.state, set, { ...request, usual })
    },
    async explain(subject) {
      await loop.loaded
      const set = loop.loadedNodes
      if (!set) throw new ShoalError('unavailable', 'this manager leads no more')
      return explain({ view: parts.state, set, clock: parts.clock }, subject)
    },
  }
}
