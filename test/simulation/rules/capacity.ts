import type { ChangeOf } from '@shoal/manager/state/records'
import { describeTask } from '../describe.js'
import type { World } from '../world.js'
import { Orders } from './orders.js'
import type { Rule } from './rule.js'

/** With start-first no task that runs is told to stop in a slot that goes on, unless another one runs there. */
export function capacityRule(world: World): Rule {
  const { truth } = world
  const orders = new Orders(world)
  const check = ({ before, after }: ChangeOf<'task'>): void => {
    if (before?.Status.State !== 'running' || before.DesiredState !== 'running' || before.Slot === undefined)
      return
    if (after?.DesiredState !== 'shutdown' || after.Status.State !== 'running') return
    if (!orders.isSurely(before.ServiceID, 'start-first') || truth.isLost(before)) return
    const successor = truth
      .tasksBeside(before)
      .find((task) => task.Status.State === 'running' && task.DesiredState === 'running')
    if (successor) return
    world.violate('never below capacity', `nothing runs beside what is to stop: ${describeTask(before)}`)
  }
  return {
    onWrite(changes) {
      for (const change of changes) {
        if (change.kind === 'service' && change.after) orders.heard(change.after)
        if (change.kind === 'task') check(change)
      }
    },
  }
}
