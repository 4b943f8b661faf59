import { isTerminal } from '@shoal/common'
import type { TaskRecord } from '@shoal/manager/state/records'
import { describeTask } from '../describe.js'
import type { World } from '../world.js'
import { Orders } from './orders.js'
import type { Rule } from './rule.js'

const RULE = 'containers follow their tasks'

/** What really runs: on its own node, not after its end, and not beside another of the slot unless it may. */
export function containersRule(world: World): Rule {
  const { truth } = world
  const orders = new Orders(world)
  const startedOnce = new Set<string>()
  const checkEnd = (task: TaskRecord): void => {
    const runs = world.hosts.some((host) => host.engine.running.has(task.ID))
    if (!runs || truth.wasLost(task)) return
    world.violate(RULE, `the container of an ended task runs: ${describeTask(task)}`)
  }
  return {
    onWrite(changes) {
      for (const change of changes) {
        if (change.kind === 'service' && change.after) orders.heard(change.after)
        if (change.kind !== 'task' || !change.before || !change.after) continue
        const { before, after } = change
        if (!isTerminal(before.Status.State) && isTerminal(after.Status.State)) checkEnd(after)
      }
    },
    onStart(nodeId, { ID, ServiceID }) {
      const task = truth.task(ID)
      const isFirst = !startedOnce.has(ID)
      startedOnce.add(ID)
      if (!task || truth.wasLost(task)) return
      if (task.NodeID !== nodeId) return world.violate(RULE, `started on ${nodeId}: ${describeTask(task)}`)
      if (isTerminal(task.Status.State))
        return world.violate(RULE, `started after its end: ${describeTask(task)}`)
      // After a reboot the agent goes on with what it knows; the other one's stop may be withheld still.
      if (!isFirst) return
      // An agent that has not heard yet that the task is to stop cannot know better.
      if (task.DesiredState !== 'running') return
      if (!truth.service(ServiceID) || !orders.isSurely(ServiceID, 'stop-first')) return
      const beside = truth
        .tasksBeside(task)
        .find(
          (other) => !truth.wasLost(other) && world.hosts.some((host) => host.engine.running.has(other.ID)),
        )
      if (beside) world.violate(RULE, `two run in one slot: ${describeTask(task)} | ${describeTask(beside)}`)
    },
  }
}
