import { remove, type Mutation } from '../../state/records.js'
import type { State } from '../../state/state.js'
import type { ReaperPlan } from './decide.js'

/**
 * Deletes what a plan names, each by itself: none depends on another.
 * @throws ShoalError `conflict` when one has changed since: decide anew
 */
export async function commitReaper(state: State, plan: ReaperPlan): Promise<void> {
  const mutations: Mutation[] = [
    ...plan.tasks.map((task) => remove('task', task)),
    ...plan.specs.map((spec) => remove('spec', spec)),
  ]
  const outcomes = await Promise.allSettled(mutations.map((mutation) => state.commit([mutation])))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
