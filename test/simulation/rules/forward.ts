import { isTerminal, stateRank } from '@shoal/common'
import type { Change, TaskRecord } from '@shoal/manager/state/records'
import { describeTask } from '../describe.js'
import type { World } from '../world.js'
import type { Rule } from './rule.js'

const RULE = 'tasks only move forward'

/** States and desired states grow, an ended task stays as it ended, and a task keeps its node, slot and spec. */
export function forwardRule(world: World): Rule {
  const deleted = new Set<string>()
  const check = (change: Change, where: string): void => {
    if (change.kind !== 'task' || !change.before || !change.after) return
    const why = backwards(change.before, change.after)
    if (why)
      world.violate(
        RULE,
        `${why} in ${where}: ${describeTask(change.before)} → ${describeTask(change.after)}`,
      )
  }
  return {
    onWrite(changes) {
      for (const change of changes) {
        check(change, 'the store')
        if (change.kind !== 'task') continue
        if (!change.after && change.before) deleted.add(change.before.ID)
        if (change.after && !change.before && deleted.has(change.after.ID)) {
          world.violate(RULE, `a deleted task is back: ${describeTask(change.after)}`)
        }
      }
    },
    inMemory(changes, manager) {
      for (const change of changes) check(change, `the memory of ${manager}`)
    },
  }
}

function backwards(before: TaskRecord, after: TaskRecord): string | undefined {
  if (stateRank(after.Status.State) < stateRank(before.Status.State)) return 'the state went back'
  if (isTerminal(before.Status.State) && after.Status.State !== before.Status.State)
    return 'an ended task ended again'
  if (stateRank(after.DesiredState) < stateRank(before.DesiredState)) return 'the desired state went back'
  if (before.NodeID !== undefined && after.NodeID !== before.NodeID) return 'the task changed its node'
  if (before.Slot !== after.Slot || before.ServiceID !== after.ServiceID) return 'the task changed its slot'
  return before.Shoal.SpecVersion === after.Shoal.SpecVersion ? undefined : 'the task changed its spec'
}
