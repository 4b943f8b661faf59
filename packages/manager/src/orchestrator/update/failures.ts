import { fromTimestamp } from '@shoal/common'
import type { Rollout, ServiceRecord, TaskRecord } from '../../state/records.js'
import type { ServiceContext } from '../context.js'
import { ranMs } from '../restart/restart.js'
import { slotKey, type Slot } from '../slot/slot.js'
import { hasEnded, isLost } from '../task-facts.js'
import { rolloutConfig } from './config.js'

/**
 * The tasks of the running rollout that ended by themselves before they ran, or within their monitor period,
 * and that nothing has followed yet. One that went away with its node is not to blame.
 */
export function failuresOf(context: ServiceContext, slots: readonly Slot[]): TaskRecord[] {
  const rollout = context.service.Shoal.Rollout
  if (!rollout) return []
  const { monitorMs } = rolloutConfig(context.service)
  const failed: TaskRecord[] = []
  for (const { newest } of slots) {
    if (!newest || !hasEnded(newest) || isLost(context.view, newest)) continue
    if (!isOfRollout(context, newest, rollout)) continue
    if (newest.Shoal.RunningSinceMs === undefined || ranMs(newest, context.now) <= monitorMs)
      failed.push(newest)
  }
  return failed
}

/** The rollout after these failures. Those that it knows already do not count again. */
export function scored(rollout: Rollout, failures: readonly TaskRecord[]): Rollout {
  const fresh = failures.filter(({ ID }) => !rollout.Failed.includes(ID))
  if (fresh.length === 0) return rollout
  const keys = new Set(fresh.map(slotKey))
  const stuck = rollout.Batch.filter((key) => keys.has(key))
  return {
    ...rollout,
    Failures: rollout.Failures + fresh.length,
    Failed: failures.map(({ ID }) => ID),
    Stuck: [...new Set([...rollout.Stuck, ...stuck])],
    Batch: rollout.Batch.filter((key) => !keys.has(key)),
  }
}

export function exceedsRatio(service: ServiceRecord, { Failures, Total }: Rollout): boolean {
  return Failures / Math.max(1, Total) > rolloutConfig(service).maxFailureRatio
}

function isOfRollout({ specs }: ServiceContext, task: TaskRecord, rollout: Rollout): boolean {
  const isTarget = specs.likeness(task.Shoal.SpecVersion) === 'same'
  return isTarget && fromTimestamp(task.CreatedAt) >= rollout.StartedAtMs
}
