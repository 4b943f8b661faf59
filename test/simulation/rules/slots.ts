import { isDesiredAlive, isTerminal } from '@shoal/common'
import type { TaskRecord } from '@shoal/manager/state/records'
import { describeTask } from '../describe.js'
import type { World } from '../world.js'
import { Orders } from './orders.js'
import type { Rule } from './rule.js'

const RULE = 'one task in a slot'

/** Never two tasks of one slot wanted running, but for the switch of start-first; never three wanted at all. */
export function slotsRule(world: World): Rule {
  const { truth } = world
  const orders = new Orders(world)
  const check = (task: TaskRecord): void => {
    const alive = [task, ...truth.tasksBeside(task)].filter(
      (each) => isDesiredAlive(each.DesiredState) && !isTerminal(each.Status.State) && !truth.isLost(each),
    )
    if (alive.length > 2) return broken('three are wanted', alive)
    const [one, other] = alive.filter((each) => each.DesiredState === 'running')
    if (!one || !other) return
    if (one.Shoal.Replaces !== other.ID && other.Shoal.Replaces !== one.ID)
      return broken('neither replaces the other', alive)
    if (orders.isSurely(task.ServiceID, 'stop-first'))
      broken('both are to run although the order is stop-first', alive)
  }
  const broken = (why: string, tasks: readonly TaskRecord[]): void =>
    world.violate(RULE, `${why}: ${tasks.map(describeTask).join(' | ')}`)
  return {
    onWrite(changes) {
      for (const change of changes) {
        if (change.kind === 'service' && change.after) orders.heard(change.after)
        if (change.kind !== 'task' || !change.after || !truth.service(change.after.ServiceID)) continue
        const { before, after } = change
        if (before?.DesiredState !== after.DesiredState && isDesiredAlive(after.DesiredState)) check(after)
      }
    },
  }
}
