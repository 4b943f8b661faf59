/** Deliberate bugs, to prove that the rules can fail. They wrap the product's parts; the product knows nothing of them. */
import type { Probe, Term } from '@shoal/manager/leader/index'
import type { PRIMARY_LOOPS } from '@shoal/manager/primary'
import type { State } from '@shoal/manager/state/state'
import {
  withBackwardStatuses,
  withEarlyRelease,
  withEarlyRunning,
  withLostEnds,
  withoutDelays,
  withoutEarlierRollouts,
  withoutReservations,
  withoutRunningTasks,
  withUpdateConfig,
} from './state-bugs.js'

export const BUGS = [
  'no-fencing',
  'restart-ignores-delay',
  'status-backwards',
  'scheduler-ignores-reservations',
  'reaper-deletes-live-spec',
  'update-ignores-parallelism',
  'update-ignores-delay',
  'start-first-stops-too-early',
  'stop-lies',
  'lost-ends',
  'room-released-too-early',
  'address-released-too-early',
  'loops-outlive-their-term',
  'takeover-forgets-rollouts',
  'watch-runs-ahead',
] as const

/** What looks like a bug, and does no harm, for something else stands against it. */
export const HARMLESS = ['silence-taken-for-refusal'] as const

export type Bug = (typeof BUGS)[number] | (typeof HARMLESS)[number]
export const ALL_BUGS: readonly Bug[] = [...BUGS, ...HARMLESS]

/** The parts of a manager that a bug can be put into. */
export type Part = keyof typeof PRIMARY_LOOPS

type Patch = (state: State, term: Term | undefined) => State

/** Bugs in what a part makes of the state. */
const STATE_BUGS: Readonly<Partial<Record<Bug, readonly [Part, Patch]>>> = {
  'restart-ignores-delay': ['services', withoutDelays],
  'update-ignores-parallelism': ['services', (state) => withUpdateConfig(state, { Parallelism: 0 })],
  'update-ignores-delay': ['services', (state) => withUpdateConfig(state, { Delay: 0 })],
  'start-first-stops-too-early': ['services', withEarlyRunning],
  'takeover-forgets-rollouts': [
    'services',
    (state, term) => withoutEarlierRollouts(state, term?.leadership.revision ?? 0),
  ],
  'scheduler-ignores-reservations': ['scheduler', withoutReservations],
  'room-released-too-early': ['scheduler', withEarlyRelease],
  'reaper-deletes-live-spec': ['reaper', withoutRunningTasks],
  'status-backwards': ['dispatcher', withBackwardStatuses],
  'lost-ends': ['dispatcher', withLostEnds],
}

/** The state as a part sees it: the real one, or one with the bug. */
export function stateFor(part: Part, state: State, bug: Bug | undefined, term?: Term): State {
  const [buggy, patch] = (bug && STATE_BUGS[bug]) ?? []
  return patch && part === buggy ? patch(state, term) : state
}

/** What the book of addresses is made of. */
export function bookFor<Parts extends { readonly state: State }>(parts: Parts, bug: Bug | undefined): Parts {
  if (bug !== 'address-released-too-early') return parts
  return { ...parts, state: withEarlyRelease(parts.state), restMs: 0 }
}

/** How a manager knocks at the primary's port. */
export function probeFor(probe: Probe, bug: Bug | undefined): Probe {
  if (bug !== 'silence-taken-for-refusal') return probe
  return async (address, signal) => {
    const outcome = await probe(address, signal)
    return outcome === 'silent' && !signal.aborted ? 'refused' : outcome
  }
}
