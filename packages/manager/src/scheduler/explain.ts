import { isAtLeast, isTerminal, ShoalError, type Clock } from '@shoal/common'
import type { NodeVerdict } from '@shoal/engine-api'
import { inTurns } from '../loops/in-turns.js'
import type { TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { allowanceFor } from './decide.js'
import type { Demand } from './demand.js'
import {
  describeRefusals,
  filtersFor,
  type Allowance,
  type Filter,
  type PortHolders,
  type Tally,
} from './filters.js'
import type { NodeInfo, Occupant } from './node-info.js'
import type { NodeSet } from './node-set.js'

/** Of whom nodes are asked what they say to it. */
export type Subject =
  | { readonly type: 'task'; readonly taskId: string }
  /** A task that there is not yet. */
  | { readonly type: 'new'; readonly serviceId: string; readonly specVersion: number }
  /** The task that each node has, or is to have, of a global service. */
  | { readonly type: 'each'; readonly serviceId: string; readonly specVersion: number }

export interface Explanation {
  /** Docker's text: the sum of the nodes' first reasons. Empty when a node would take the task. */
  readonly summary: string
  readonly nodes: readonly NodeVerdict[]
}

/** What is asked of nodes, and of which. */
interface Question {
  readonly demand: Demand
  readonly isAsked: (node: NodeInfo) => boolean
  readonly allowanceOn: (node: NodeInfo) => Allowance | undefined
  readonly isOn: (node: NodeInfo) => boolean
}

export interface ExplainParts {
  readonly view: StateView
  /** What nodes have to give: the scheduler's own, because to count it anew takes time in a large cluster. */
  readonly set: NodeSet
  readonly clock: Clock
}

/**
 * What each node says to a task now, or in a large cluster within the next moments. A task that has a node already is
 * judged as if it were not there. A task that is bound to its node is judged there alone.
 * @throws ShoalError `not-found` when there is no such task, or its spec is gone
 */
export async function explain({ view, set, clock }: ExplainParts, subject: Subject): Promise<Explanation> {
  const question = questionOf(view, subject, set)
  const filters = filtersFor(question.demand)
  const holders = holdersIn(view, set)
  const tally: Tally = new Map()
  const nodes: NodeVerdict[] = []
  await inTurns(clock, set.nodes.values(), (node) => {
    if (!question.isAsked(node)) return
    const against = refusals(filters, question, node)
    const [first] = against
    if (first) tally.set(first, (tally.get(first) ?? 0) + 1)
    nodes.push(verdict(question, node, against, holders))
  })
  return { summary: nodes.some(({ Accepts }) => Accepts) ? '' : describeRefusals(tally), nodes }
}

function refusals(filters: readonly Filter[], { demand, allowanceOn }: Question, node: NodeInfo): Filter[] {
  const allowance = allowanceOn(node)
  return filters.filter((filter) => !filter.accepts(demand, node, allowance))
}

function verdict(
  { demand, allowanceOn, isOn }: Question,
  node: NodeInfo,
  against: readonly Filter[],
  holders: PortHolders,
): NodeVerdict {
  const allowance = allowanceOn(node)
  return {
    ID: node.id,
    Hostname: node.record.Description.Hostname,
    Accepts: against.length === 0,
    ...(isOn(node) && { IsHere: true }),
    Refusals: against.flatMap((filter) =>
      filter.reasons(demand, node, allowance, holders).map((reason) => ({ Filter: filter.name, ...reason })),
    ),
  }
}

function questionOf(view: StateView, subject: Subject, set: NodeSet): Question {
  if (subject.type === 'task') return aboutTask(view, subject.taskId, set)
  const demand = set.demandOf(subject.serviceId, subject.specVersion)
  if (demand === undefined) throw notFound(`service ${subject.serviceId}`)
  const isAsked = (): boolean => true
  if (subject.type === 'new') return { demand, isAsked, allowanceOn: () => undefined, isOn: () => false }
  const own = occupantsOf(view, subject.serviceId, set)
  const allowanceOn = (node: NodeInfo): Allowance | undefined => inPlaceOf(own.get(node.id))
  return { demand, isAsked, allowanceOn, isOn: (node) => own.has(node.id) }
}

function aboutTask(view: StateView, taskId: string, set: NodeSet): Question {
  const task = view.get('task', taskId)
  const demand = task && set.demandOf(task.ServiceID, task.Shoal.SpecVersion)
  if (task === undefined || demand === undefined) throw notFound(`task ${taskId}`)
  const own = isTerminal(task.Status.State) ? undefined : set.occupantOf(task)
  const allowance = inPlaceOf(own) ?? allowanceFor(set, task)
  return {
    demand,
    isAsked: (node) => !isBound(task) || node.id === task.NodeID,
    allowanceOn: (node) => (allowance?.replaced.node === node ? allowance : undefined),
    isOn: (node) => own?.node === node,
  }
}

/** Nobody but the task itself is in its own way. */
function inPlaceOf(own: Occupant | undefined): Allowance | undefined {
  return own && { replaced: own, sharesAll: true }
}

/** Whether it can go to one node only: as a task of a global service, or because a rebalance has chosen its node. */
function isBound({ Slot: slot, NodeID: nodeId, Status: status }: TaskRecord): boolean {
  return nodeId !== undefined && (slot === undefined || !isAtLeast(status.State, 'assigned'))
}

/** The tasks of a service that take room, by their nodes. */
function occupantsOf(view: StateView, serviceId: string, set: NodeSet): ReadonlyMap<string, Occupant> {
  const found = new Map<string, Occupant>()
  for (const task of view.tasksOfService(serviceId)) {
    const occupant = set.occupantOf(task)
    if (occupant) found.set(occupant.node.id, occupant)
  }
  return found
}

function holdersIn(view: StateView, set: NodeSet): PortHolders {
  return (node, port) => {
    const names = new Set<string>()
    for (const task of view.tasksOfNode(node.id)) {
      if (!set.occupantOf(task)?.holding.demand?.hostPorts.includes(port)) continue
      names.add(view.get('service', task.ServiceID)?.Spec.Name ?? task.ServiceID)
    }
    return [...names]
  }
}

function notFound(what: string): ShoalError {
  return new ShoalError('not-found', `${what} not found`)
}
