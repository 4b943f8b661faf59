import { unreachable } from '@shoal/common'
import type { KeyedReconciler } from '../../loops/keyed-loop.js'
import type { Change } from '../../state/records.js'
import type { State } from '../../state/state.js'
import { hasEnded, isAlive } from '../task-facts.js'
import { commitReaper } from './commit.js'
import { decideReaper } from './decide.js'

export interface ReaperDeps {
  readonly state: State
}

/** Bounds the history of tasks, and clears away what is left of services. Keys are the IDs of services. */
export function createReaper({ state }: ReaperDeps): KeyedReconciler {
  return {
    name: 'reaper',
    keysOf: (change) => servicesConcerned(state, change),
    allKeys: () => allServices(state),
    async reconcile(serviceId) {
      await commitReaper(state, decideReaper(state, serviceId))
      return undefined
    },
  }
}

function servicesConcerned(state: State, change: Change): Iterable<string> {
  switch (change.kind) {
    case 'task': {
      const { before, after } = change
      if (!after) return before ? [before.ServiceID] : []
      return isAlive(after) && !hasEnded(after) ? [] : [after.ServiceID]
    }
    case 'service': {
      const service = change.after ?? change.before
      return service ? [service.ID] : []
    }
    case 'node': {
      const node = change.after ?? change.before
      return node ? new Set([...state.tasksOfNode(node.ID)].map((task) => task.ServiceID)) : []
    }
    case 'cluster':
      return allServices(state)
    case 'spec':
    case 'network':
    case 'gateway':
    case 'secret':
    case 'config':
      return []
    default:
      return unreachable(change)
  }
}

/** Every service, and those that are gone but left something. */
function allServices(state: State): Set<string> {
  const ids = new Set<string>()
  for (const service of state.all('service')) ids.add(service.ID)
  for (const id of state.servicesOfTasks()) ids.add(id)
  for (const spec of state.all('spec')) ids.add(spec.ServiceID)
  return ids
}
