import type { NodeRecord, TaskRecord } from '../../state/records.js'
import { letGo, stop, type Unit } from '../actions.js'
import type { ServiceContext } from '../context.js'
import type { Layout } from '../replicated/replicated.js'
import { groupTasks, readSlot, type Slot } from '../slot/slot.js'
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

/** One place on every node that the service is to run on. */
export function globalLayout(context: ServiceContext, tasks: Iterable<TaskRecord>): Layout {
  const groups = groupTasks(tasks)
  const slots: Slot[] = []
  const release: Unit[] = []
  for (const node of context.view.all('node')) {
    const group = groups.get(node.ID) ?? []
    groups.delete(node.ID)
    const verdict = judgeNode(context, node)
    if (verdict === 'leave') release.push(group.filter(isAlive).map(stop))
    else slots.push(placeOn(node, verdict, group))
  }
  // What is left belongs to nodes that are gone.
  for (const group of groups.values()) release.push(group.flatMap((task) => letGo(context.view, task)))
  return { slots: slots.filter((slot) => slot.mayCreate || slot.tasks.length > 0), waiting: 0, release }
}

function placeOn(node: NodeRecord, verdict: 'use' | 'keep', tasks: readonly TaskRecord[]): Slot {
  return readSlot({ key: node.ID, nodeId: node.ID, mayCreate: verdict === 'use' }, tasks)
}
