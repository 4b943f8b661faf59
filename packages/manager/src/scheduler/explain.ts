import { isTerminal, ShoalError } from '@shoal/common'
import type { StateView } from '../state/view.js'
import { allowanceFor } from './decide.js'
import { describeRefusals, filtersFor, type Tally } from './filters.js'
import { NodeSet } from './node-set.js'

/** What one node says to a task. */
export interface NodeVerdict {
  readonly nodeId: string
  readonly hostname: string
  readonly accepts: boolean
  /** Every reason against it, with figures; a task counts for the first in its summary. */
  readonly refusals: readonly { readonly filter: string; readonly detail: string }[]
}

export interface Explanation {
  readonly taskId: string
  /** Where the task is, if it has a node. */
  readonly nodeId?: string
  /** Docker's text: the sum of the nodes' first reasons. Empty when a node would take the task. */
  readonly summary: string
  readonly nodes: readonly NodeVerdict[]
}

/**
 * Why a task is placed, or is not: what each node would say to it now. A task that has a node already is
 * judged as if it were not there.
 * @param set the scheduler's own nodes, if at hand: to count them anew takes time in a large cluster
 * @throws ShoalError `not-found` when there is no such task or its spec is gone
 */
export function explainTask(view: StateView, taskId: string, set: NodeSet = NodeSet.of(view)): Explanation {
  const task = view.get('task', taskId)
  const demand = task && set.demandOf(task.ServiceID, task.Shoal.SpecVersion)
  if (task === undefined || demand === undefined)
    throw new ShoalError('not-found', `task ${taskId} not found`)
  // Nobody but this task is in its own way.
  const own = set.occupant(taskId)
  const allowance =
    own && !isTerminal(task.Status.State) ? { replaced: own, sharesAll: true } : allowanceFor(set, task)
  const filters = filtersFor(demand)
  const tally: Tally = new Map()
  const isGlobal = task.Slot === undefined && task.NodeID !== undefined
  const nodes: NodeVerdict[] = []
  for (const node of set.nodes.values()) {
    if (isGlobal && node.id !== task.NodeID) continue
    const here = allowance?.replaced.node === node ? allowance : undefined
    const against = filters.filter((filter) => !filter.accepts(demand, node, here))
    const [first] = against
    if (first) tally.set(first, (tally.get(first) ?? 0) + 1)
    nodes.push({
      nodeId: node.id,
      hostname: node.record.Description.Hostname,
      accepts: against.length === 0,
      refusals: against.map((filter) => ({ filter: filter.name, detail: filter.detail(demand, node, here) })),
    })
  }
  return {
    taskId,
    ...(task.NodeID !== undefined && { nodeId: task.NodeID }),
    summary: nodes.some((node) => node.accepts) ? '' : describeRefusals(tally),
    nodes,
  }
}
