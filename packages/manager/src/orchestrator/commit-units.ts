import { toTimestamp, unreachable } from '@shoal/common'
import { put, remove, type Mutation } from '../state/records.js'
import type { State } from '../state/state.js'
import type { Action, Unit } from './actions.js'

/** As many records go into one unit at the most: below the store's limit, with room for the leader's key. */
const MUTATIONS_PER_COMMIT = 100

/**
 * Carries out units side by side: the state lets them travel together, and one that loses a race against
 * another write takes none of the others with it.
 * @throws the error of one that failed, after all have been tried
 */
export async function commitUnits(state: State, units: readonly Unit[], now: number): Promise<void> {
  const commits = units
    .flatMap(pieces)
    .map((unit) => state.commit(unit.map((action) => toMutation(action, now))))
  for (const outcome of await Promise.allSettled(commits))
    if (outcome.status === 'rejected') throw outcome.reason
}

/** Only the giving up of a slot with a long history is as large as that, and it may be done in pieces. */
function pieces(unit: Unit): Unit[] {
  const count = Math.ceil(unit.length / MUTATIONS_PER_COMMIT)
  return Array.from({ length: count }, (_, index) =>
    unit.slice(index * MUTATIONS_PER_COMMIT, (index + 1) * MUTATIONS_PER_COMMIT),
  )
}

function toMutation(action: Action, now: number): Mutation {
  switch (action.type) {
    case 'create':
      return put('task', action.task)
    case 'desire': {
      const { task, desired, rests } = action
      const Shoal = rests ? { ...task.Shoal, Rests: true } : task.Shoal
      return put('task', { ...task, DesiredState: desired, UpdatedAt: toTimestamp(now), Shoal })
    }
    case 'delete':
      return remove('task', action.task)
    default:
      return unreachable(action)
  }
}
