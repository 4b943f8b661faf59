/**
 * Tasks → nodes: finds a node for every pending task, PENDING → ASSIGNED, or says why there is none. The
 * orchestrator and the allocator make tasks pending before it, the dispatcher sends them out behind it.
 *
 * loop.ts wakes and yields; decide.ts places one group of like tasks; commit.ts says what a decision changes, and
 * outbox.ts writes many of them down together. node-set.ts and node-info.ts follow the state by its feed, node-class.ts
 * and load-index.ts spare the look at most nodes; filters.ts and affinities.ts say what fits, wishes.ts what is wished, measured-use.ts what is in use, strategy.ts, pool.ts and preference-tree.ts
 * what is best; explain.ts answers people,
 * moves.ts those who would have tasks move where it has become emptier.
 */
import type { Clock, Logger, Random } from '@shoal/common'
import type { Move } from '../state/records.js'
import type { State } from '../state/state.js'
import { explainTask, type Explanation } from './explain.js'
import { SchedulerLoop } from './loop.js'
import type { UseOf } from './measured-use.js'
import { worthwhileMoves, type MovesRequest } from './moves.js'
import { spread, type Strategy } from './strategy.js'

export { explainTask, type Explanation, type NodeVerdict } from './explain.js'
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
  /** See explainTask; uses what the scheduler knows already while it runs. */
  explain(taskId: string): Explanation
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
    explain: (taskId) => explainTask(parts.state, taskId, loop.nodes),
  }
}
