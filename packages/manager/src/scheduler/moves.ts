import { isDesiredAlive } from '@shoal/common'
import type { Move, NodeRecord, TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import type { Demand } from './demand.js'
import { filtersFor, refusal } from './filters.js'
import type { NodeInfo } from './node-info.js'
import type { NodeSet } from './node-set.js'
import { labelOf } from './preference-tree.js'
import { strategyOf, type Strategy } from './strategy.js'

export interface MovesRequest {
  readonly serviceId: string
  /** At the most. No node is the goal of two of them. */
  readonly count: number
  /** Whether a node may be the goal of a move, if it fits. */
  readonly mayTake: (node: NodeRecord) => boolean
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

/** A node as moves see it. */
interface Place {
  readonly node: NodeInfo
  /** The tasks of the service that stay here: changed as moves are chosen. */
  tasks: number
  /** Those that may move, the youngest last. */
  readonly movable: TaskRecord[]
  isGoal: boolean
}

/**
 * The moves that make the spread of a service's tasks more even: from where at least two more of them are than at the
 * goal, first between the values of its placement preferences, then between nodes. So every move brings the cluster
 * nearer to an even spread, and none is ever worth taking back. Services that are not spread have none.
 */
export function worthwhileMoves(
  view: StateView,
  set: NodeSet,
  { serviceId, count, mayTake, nowMs, usual }: MovesRequest & { readonly usual: Strategy },
): Move[] {
  const service = view.get('service', serviceId)
  const demand = service && set.demandOf(serviceId, service.Shoal.SpecVersion)
  if (service === undefined || demand === undefined) return []
  if (strategyOf(view, serviceId, usual).name !== 'spread') return []
  const places = placesOf(set, demand, movableTasks(view, service.ID, service.Shoal.SpecVersion))
  const troubled = set.failures.troubled(serviceId, nowMs)
  for (const place of places) {
    place.isGoal &&= mayTake(place.node.record) && !troubled.has(place.node)
  }
  const moves: Move[] = []
  while (moves.length < count) {
    const next = nextMove(places, demand.spreadOver)
    const task = next?.from.movable.pop()
    if (next === undefined || task === undefined) break
    moves.push({ Task: task.ID, Node: next.to.node.id })
    next.from.tasks--
    next.to.tasks++
    next.to.isGoal = false
  }
  return moves
}

/** The tasks that run and are not about to be replaced, by their nodes; the youngest last: least is lost with it. */
function movableTasks(view: StateView, serviceId: string, version: number): Map<string, TaskRecord[]> {
  const tasks = [...view.tasksOfService(serviceId)].filter(({ DesiredState: desired }) =>
    isDesiredAlive(desired),
  )
  const replaced = new Set(tasks.map((task) => task.Shoal.Replaces))
  const byNode = new Map<string, TaskRecord[]>()
  for (const task of tasks) {
    const { NodeID: nodeId, Status: status } = task
    if (nodeId === undefined || status.State !== 'running' || replaced.has(task.ID)) continue
    if (task.Shoal.SpecVersion !== version) continue
    const here = byNode.get(nodeId)
    if (here) here.push(task)
    else byNode.set(nodeId, [task])
  }
  for (const here of byNode.values()) here.sort(olderFirst)
  return byNode
}

function olderFirst(one: TaskRecord, other: TaskRecord): number {
  return one.CreatedAt.localeCompare(other.CreatedAt) || (one.Slot ?? 0) - (other.Slot ?? 0)
}

/** The living nodes. Goals are those that fit and, where there are wishes, meet the most of them. */
function placesOf(set: NodeSet, demand: Demand, movable: ReadonlyMap<string, TaskRecord[]>): Place[] {
  const filters = filtersFor(demand)
  const places: Place[] = []
  for (const node of set.nodes.values()) {
    if (!node.alive) continue
    const isGoal = refusal(filters, demand, node) === undefined
    const tasks = node.stayingOf(demand.serviceId)
    places.push({ node, tasks, movable: movable.get(node.id) ?? [], isGoal })
  }
  const { unmet } = demand
  if (unmet) {
    const goals = places.filter((place) => place.isGoal)
    const least = goals.reduce((fewest, place) => Math.min(fewest, unmet(place.node)), Infinity)
    for (const place of goals) place.isGoal = unmet(place.node) === least
  }
  return places
}

interface Pair {
  readonly from: Place
  readonly to: Place
}

/** @param spreadOver labels, outermost first */
function nextMove(places: readonly Place[], spreadOver: readonly string[]): Pair | undefined {
  const [descriptor, ...deeper] = spreadOver
  if (descriptor === undefined)
    return pairOf(
      places.map((place) => [place]),
      [],
    )
  const branches = branchesOf(places, descriptor)
  const across = pairOf(branches, deeper)
  if (across) return across
  for (const branch of branches) {
    const inside = nextMove(branch, deeper)
    if (inside) return inside
  }
  return undefined
}

/** From the fullest branch that can give to the emptiest that can take, if that is worth it. */
function pairOf(branches: readonly (readonly Place[])[], deeper: readonly string[]): Pair | undefined {
  const giver = best(
    branches.filter((branch) => branch.some(canGive)),
    (branch) => -sum(branch),
  )
  const taker = best(
    branches.filter((branch) => branch.some(canTake)),
    sum,
  )
  if (giver === undefined || taker === undefined || sum(giver) - sum(taker) < 2) return undefined
  const from = descend(giver.filter(canGive), deeper, (branch) => -sum(branch))
  const to = descend(taker.filter(canTake), deeper, sum)
  return from && to && { from, to }
}

/** The node in a branch that is the fullest, or the emptiest, on every level. */
function descend(
  places: readonly Place[],
  spreadOver: readonly string[],
  rank: (branch: readonly Place[]) => number,
): Place | undefined {
  const [descriptor, ...deeper] = spreadOver
  if (descriptor === undefined) {
    return best(
      places.map((place) => [place]),
      rank,
      (branch) => branch[0]?.node.tasks ?? 0,
    )?.[0]
  }
  const branch = best(branchesOf(places, descriptor), rank)
  return branch && descend(branch, deeper, rank)
}

function branchesOf(places: readonly Place[], descriptor: string): Place[][] {
  const branches = new Map<string, Place[]>()
  for (const place of places) {
    const value = labelOf(place.node, descriptor)
    const branch = branches.get(value)
    if (branch) branch.push(place)
    else branches.set(value, [place])
  }
  return [...branches.values()]
}

function best<Item>(
  items: readonly Item[],
  rank: (item: Item) => number,
  second: (item: Item) => number = () => 0,
): Item | undefined {
  let found: Item | undefined
  for (const item of items) {
    if (found === undefined || (rank(item) - rank(found) || second(item) - second(found)) < 0) found = item
  }
  return found
}

function sum(places: readonly Place[]): number {
  return places.reduce((total, place) => total + place.tasks, 0)
}

function canGive(place: Place): boolean {
  return place.movable.length > 0
}

function canTake(place: Place): boolean {
  return place.isGoal
}
