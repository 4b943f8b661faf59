import type { ServiceRecord } from '@shoal/manager/state/records'
import { rolloutConfig } from '@shoal/manager/orchestrator/update/config'
import type { World } from '../world.js'
import type { Rule } from './rule.js'

const RULE = 'rollouts keep their clock'

/** Whoever leads: a rollout goes on where it stood, with its start, its failures and the delay between batches. */
export function rolloutsRule(world: World): Rule {
  const check = (before: ServiceRecord, after: ServiceRecord): void => {
    const [was, is] = [before.Shoal.Rollout, after.Shoal.Rollout]
    if (!was || !is) return
    const name = after.Spec.Name
    if (is.StartedAtMs !== was.StartedAtMs) return world.violate(RULE, `that of ${name} began anew`)
    if (is.Failures < was.Failures) return world.violate(RULE, `that of ${name} has forgotten failures`)
    if ((is.BatchDoneAtMs ?? 0) < (was.BatchDoneAtMs ?? 0))
      return world.violate(RULE, `that of ${name} has forgotten when its latest batch was done`)
    const { delayMs } = rolloutConfig(after)
    const waitedMs = world.clock.now() - (is.BatchDoneAtMs ?? 0)
    if (is.Batch.some((key) => !was.Batch.includes(key)) && waitedMs < delayMs)
      world.violate(RULE, `that of ${name} goes on after ${waitedMs} ms, its delay is ${delayMs} ms`)
  }
  return {
    onWrite(changes) {
      for (const change of changes) {
        if (change.kind === 'service' && change.before && change.after) check(change.before, change.after)
      }
    },
  }
}
