import type { Affinity } from '@shoal/engine-api'
import type { ServiceRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import type { Allowance, Reason } from './filters.js'
import type { Baselines, UseOf } from './measured-use.js'
import type { NodeInfo, Occupant } from './node-info.js'

/** What demands look at beside their spec and the node that is in question. */
export interface Surroundings {
  readonly view: StateView
  /** The place of a task, claims under way included. */
  readonly occupant: (taskId: string) => Occupant | undefined
  /** Grows with every change of what is where. */
  readonly revision: () => number
  readonly useOf: UseOf
  /** Filled by whoever looks at a measure first. */
  readonly baselines: Baselines
}

/** The affinities of one demand that are no wishes. */
export interface AffinityTest {
  /**
   * The text of the first that the node does not satisfy. Who is to be there must stay there; who is not to be there
   * must not be there any more, unless the new task takes its place.
   */
  unmet(node: NodeInfo, allowance: Allowance | undefined): string | undefined
  /** All that the node does not satisfy, for people. */
  reasons(node: NodeInfo, allowance: Allowance | undefined): Reason[]
}

/** Looks for neighbours on a node. */
interface Lookout {
  readonly affinity: Affinity
  staysOn(node: NodeInfo): boolean
  isOn(node: NodeInfo, allowance: Allowance | undefined): boolean
}

export function affinityTest(affinities: readonly Affinity[], surroundings: Surroundings): AffinityTest {
  const lookouts = affinities.map((affinity) => lookoutFor(affinity, surroundings))
  const isUnmet = (each: Lookout, node: NodeInfo, allowance: Allowance | undefined): boolean =>
    each.affinity.operator === '==' ? !each.staysOn(node) : each.isOn(node, allowance)
  return {
    unmet: (node, allowance) => lookouts.find((each) => isUnmet(each, node, allowance))?.affinity.text,
    reasons: (node, allowance) =>
      lookouts
        .filter((each) => isUnmet(each, node, allowance))
        .map(({ affinity: { text, operator } }) => ({
          Asked: text,
          Found: operator === '==' ? 'not there' : 'there',
        })),
  }
}

/** @returns how many of the affinities a node does not satisfy; neighbours that are about to leave do not count */
export function unmetAffinities(
  wishes: readonly Affinity[],
  surroundings: Surroundings,
): (node: NodeInfo) => number {
  const lookouts = wishes.map((affinity) => lookoutFor(affinity, surroundings))
  return (node) => lookouts.filter((each) => each.staysOn(node) !== (each.affinity.operator === '==')).length
}

function lookoutFor(affinity: Affinity, surroundings: Surroundings): Lookout {
  return affinity.container === undefined
    ? lookoutForServices(affinity, surroundings)
    : lookoutForContainer(affinity, affinity.container, surroundings)
}

function lookoutForServices(affinity: Affinity, { view }: Surroundings): Lookout {
  // Records are never changed in place.
  const known = new WeakMap<ServiceRecord, boolean>()
  const isMeant = (serviceId: string): boolean => {
    const service = view.get('service', serviceId)
    if (service === undefined) return false
    const remembered = known.get(service)
    if (remembered !== undefined) return remembered
    const verdict = affinity.isMeant(service)
    known.set(service, verdict)
    return verdict
  }
  const some = (node: NodeInfo, isThere: (serviceId: string) => boolean): boolean => {
    for (const serviceId of node.serviceIds()) if (isMeant(serviceId) && isThere(serviceId)) return true
    return false
  }
  return {
    affinity,
    staysOn: (node) => some(node, (serviceId) => node.stayingOf(serviceId) > 0),
    isOn: (node, allowance) => some(node, (serviceId) => placesBeside(node, serviceId, allowance) > 0),
  }
}

/** The places that a service has on a node beside the one that the new task is to take. */
export function placesBeside(node: NodeInfo, serviceId: string, allowance: Allowance | undefined): number {
  const replaced = allowance?.replaced.holding
  const isCounted = replaced?.serviceId === serviceId && !replaced.doubled
  return node.occupyingOf(serviceId) - (isCounted ? 1 : 0)
}

function lookoutForContainer(affinity: Affinity, container: string, surroundings: Surroundings): Lookout {
  let known: { readonly revision: number; readonly places: readonly Occupant[] } | undefined
  const places = (): readonly Occupant[] => {
    const revision = surroundings.revision()
    if (known?.revision !== revision) {
      const found = tasksNamed(surroundings.view, container)
      known = { revision, places: found.flatMap((taskId) => surroundings.occupant(taskId) ?? []) }
    }
    return known.places
  }
  return {
    affinity,
    staysOn: (node) => places().some((place) => place.node === node && place.holding.stays),
    isOn: (node, allowance) => places().some((place) => place.node === node && place !== allowance?.replaced),
  }
}

/**
 * The IDs of the tasks that are meant by `web.1`, by the whole name of a container (`web.1.<task>`; for a global
 * service the node's ID is in the slot's place), or by a task's ID.
 */
function tasksNamed(view: StateView, name: string): string[] {
  const taskId = name.slice(name.lastIndexOf('.') + 1)
  if (view.get('task', taskId)) return [taskId]
  const service = view.serviceNamed(name.slice(0, Math.max(name.lastIndexOf('.'), 0)))
  if (service === undefined) return []
  const found: string[] = []
  for (const task of view.tasksOfService(service.ID)) {
    if (String(task.Slot ?? task.NodeID) === taskId) found.push(task.ID)
  }
  return found
}
