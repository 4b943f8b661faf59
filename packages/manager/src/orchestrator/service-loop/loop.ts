import { isTransient, newId, unreachable, type Clock, type Random } from '@shoal/common'
import type { KeyedReconciler } from '../../loops/keyed-loop.js'
import type { Change, ChangeOf } from '../../state/records.js'
import type { State } from '../../state/state.js'
import { isGlobal } from '../global/global.js'
import type { Look } from '../slot/slot-book.js'
import { commitService } from './commit.js'
import { decideService, leftAloneAmong } from './decide.js'
import { SlotBooks } from './slot-books.js'

export interface ServiceReconcilerDeps {
  readonly state: State
  readonly clock: Clock
  readonly random: Random
}

/** Makes the tasks of every service what they should be. Keys are the IDs of services. */
export function createServiceReconciler({ state, clock, random }: ServiceReconcilerDeps): KeyedReconciler {
  const books = new SlotBooks(state)
  return {
    name: 'services',
    hear: (change) => books.follow(change),
    keysOf: (change) => servicesConcerned(state, change),
    allKeys() {
      books.doubt()
      return allServices(state)
    },
    async reconcile(serviceId) {
      const now = clock.now()
      const look: Look = (groups, keys) => leftAloneAmong(state, serviceId, now, groups, keys)
      if (!books.prepare(serviceId, look)) return now
      const plan = decideService(state, serviceId, now, () => newId(random), books.of(serviceId))
      // Where the service's record changes as well, all of this counts only when that is stored.
      if (!plan.service && plan.leftAlone) books.leaveAlone(serviceId, plan.leftAlone)
      await commitService(state, plan, now)
      return plan.wakeAtMs
    },
  }
}

function servicesConcerned(state: State, change: Change): Iterable<string> {
  switch (change.kind) {
    case 'service':
      return idsOf(change, (service) => service.ID)
    case 'task':
      return isOfInterest(change) ? idsOf(change, (task) => task.ServiceID) : []
    case 'node':
      return servicesOnNode(state, change)
    case 'cluster':
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

/** Accepted, preparing and starting change nothing for anyone here; ready does. */
function isOfInterest({ before, after }: ChangeOf<'task'>): boolean {
  if (!before || !after || before.DesiredState !== after.DesiredState) return true
  const state = after.Status.State
  return state === 'ready' || !isTransient(state)
}

/** The services that have tasks on the node, and all that want one on every node. */
function servicesOnNode(state: State, change: ChangeOf<'node'>): Set<string> {
  const services = new Set<string>()
  for (const nodeId of idsOf(change, (node) => node.ID)) {
    for (const task of state.tasksOfNode(nodeId)) services.add(task.ServiceID)
  }
  for (const service of state.all('service')) if (isGlobal(service)) services.add(service.ID)
  return services
}

/** Every service, and those that are gone but still have tasks. */
function allServices(state: State): Set<string> {
  const ids = new Set<string>()
  for (const service of state.all('service')) ids.add(service.ID)
  for (const id of state.servicesOfTasks()) ids.add(id)
  return ids
}

function idsOf<Item>(
  { before, after }: { before?: Item; after?: Item },
  id: (item: Item) => string,
): string[] {
  const item = after ?? before
  return item === undefined ? [] : [id(item)]
}
