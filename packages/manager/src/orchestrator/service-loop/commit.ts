import { toTimestamp } from '@shoal/common'
import { put } from '../../state/records.js'
import type { State } from '../../state/state.js'
import { commitUnits } from '../commit-units.js'
import type { ServicePlan } from './decide.js'

/**
 * Carries a plan out. The service's record goes first: it says which slots are in motion and which failures are
 * counted, so that whoever continues from there makes the same tasks, and counts nothing twice.
 * @throws ShoalError `conflict` when a record has changed since the plan was made: decide anew
 */
export async function commitService(state: State, plan: ServicePlan, now: number): Promise<void> {
  if (plan.service) await state.commit([put('service', { ...plan.service, UpdatedAt: toTimestamp(now) })])
  await commitUnits(state, plan.release, now)
  await commitUnits(state, plan.units, now)
}
