import type { NodeRecord, ServiceRecord, TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { letGo, stop, type Unit } from '../actions.js'
import type { ServiceContext } from '../context.js'
import { isOccupied, type Layout, MOST_FILLED } from '../slot/layout.js'
import type { SlotTasks } from '../slot/slot-book.js'
import { readSlot, type Slot } from '../slot/slot.js'
import { isAlive } from '../task-facts.js'

/**
 * What a node means to a global service. `use`: it has one task. `keep`: what runs may stay, nothing new comes.
 * `leave`: nothing stays.
 */
export type NodeVerdict = 'use' | 'keep' | 'leave'

export function judgeNode({ specs }: ServiceContext, node: NodeRecord): NodeVerdict {
  if (node.Status.State === 'down' || node.Spec.Availability === 'drain') return 'leave'
  if (!specs.fits(specs.target, node)) return 'leave'
  return node.Status.State === 'ready' && node.Spec.Availability !== 'pause' ? 'use' : 'keep'
}

export function isGlobal({ Spec }: ServiceRecord): boolean {
  return Boolean(Spec.Mode?.Global)
}

export function* nodeIds(view: StateView): Generator<string> {
  for (const { ID } of view.all('node')) yield ID
}

/** One place on every node that the service is to run on, of those that are to be looked at. */
export function globalLayout(context: ServiceContext, { groups, stirred, waiting }: SlotTasks): Layout {
  const places = placesOn(context, groups, [...stirred].sort())
  const later = new Set(places.slots.filter((slot) => !isOccupied(slot)).slice(MOST_FILLED))
  if (later.size === 0) return { ...places, waiting: waiting.size }
  const slots = places.slots.filter((slot) => !later.has(slot))
  return { ...places, slots, waiting: waiting.size, isPartial: true }
}

/** What these nodes are to the service. */
export function placesOn(
  context: ServiceContext,
  groups: SlotTasks['groups'],
  nodeIds: readonly string[],
): Omit<Layout, 'waiting'> {
  const slots: Slot[] = []
  const release: Unit[] = []
  const idle: string[] = []
  for (const nodeId of nodeIds) {
    const tasks = groups.get(nodeId) ?? []
    const node = context.view.get('node', nodeId)
    const verdict = node && judgeNode(context, node)
    const leaving = leave(context.view, verdict, tasks)
    if (verdict === 'use' || (verdict === 'keep' && tasks.length > 0)) {
      slots.push(readSlot({ key: nodeId, nodeId, mayCreate: verdict === 'use' }, tasks))
    } else if (leaving.length > 0) release.push(leaving)
    else idle.push(nodeId)
  }
  return { slots, release, idle }
}

/** @param verdict undefined for a node that is gone */
function leave(view: StateView, verdict: NodeVerdict | undefined, tasks: readonly TaskRecord[]): Unit {
  if (verdict === undefined) return tasks.flatMap((task) => letGo(view, task))
  return verdict === 'leave' ? tasks.filter(isAlive).map(stop) : []
}
