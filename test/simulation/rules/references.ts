import { isDesiredAlive, isTerminal } from '@shoal/common'
import type { TaskRecord } from '@shoal/manager/state/records'
import { describeTask } from '../describe.js'
import type { World } from '../world.js'
import type { Rule } from './rule.js'

const RULE = 'references are whole'

/** What lives has its spec. */
export function referencesRule(world: World): Rule {
  const { truth } = world
  const checkTask = (task: TaskRecord): void => {
    if (!isDesiredAlive(task.DesiredState) || isTerminal(task.Status.State)) return
    // Without its service it is about to be let go.
    if (!truth.specOf(task) && truth.service(task.ServiceID)) {
      world.violate(RULE, `the spec of a living task is gone: ${describeTask(task)}`)
    }
  }
  const checkService = (id: string): void => {
    const service = truth.service(id)
    if (service && !truth.spec(id, service.Shoal.SpecVersion)) {
      world.violate(RULE, `the service ${service.Spec.Name} names a spec that is not there`)
    }
  }
  return {
    onWrite(changes) {
      for (const change of changes) {
        if (change.kind === 'task' && change.after) checkTask(change.after)
        if (change.kind === 'service' && change.after) checkService(change.after.ID)
        if (change.kind === 'spec' && !change.after && change.before) {
          checkService(change.before.ServiceID)
          for (const task of truth.tasksOf(change.before.ServiceID)) checkTask(task)
        }
      }
    },
  }
}
