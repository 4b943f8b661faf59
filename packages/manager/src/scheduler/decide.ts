import { isBefore, type Random } from '@shoal/common'
import type { GenericResource } from '@shoal/engine-api'
import type { TaskRecord } from '../state/records.js'
import type { Demand } from './demand.js'
import { describeRefusals, filtersFor, refusal, type Allowance, type Filter, type Tally } from './filters.js'
import { byUse } from './measured-use.js'
import type { NodeClass } from './node-class.js'
import type { NodeInfo } from './node-info.js'
import type { NodeSet } from './node-set.js'
import { HeapPool, type Pool, type PoolContext } from './pool.js'
import { createPool } from './preference-tree.js'
import type { Strategy } from './strategy.js'
import { wishful } from './wishes.js'

export type Decision =
  | {
      readonly type: 'assign'
      readonly task: TaskRecord
      readonly nodeId: string
      readonly generic: readonly GenericResource[]
    }
  /** No node takes it; `reason` is news to the task. */
  | { readonly type: 'refuse'; readonly task: TaskRecord; readonly reason: string }
  /** No node takes it, and the task says so already. */
  | { readonly type: 'leave'; readonly task: TaskRecord }

export interface GroupInput {
  /** What is assigned is claimed here at once, so that the next task sees it. */
  readonly set: NodeSet
  readonly demand: Demand
  /** Pending tasks that all have this demand. */
  readonly tasks: Iterable<TaskRecord>
  readonly strategy: Strategy
  readonly random: Random
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

/**
 * Finds nodes for a group of tasks, one decision at a time: who asks may pause between two of them while
 * nodes and tasks change. The nodes are filtered once, and each of them again only after it has changed.
 */
export function* decideGroup(input: GroupInput): Generator<Decision> {
  const group = new GroupPlacing(input)
  for (const task of input.tasks) {
    const node = group.nodeFor(task)
    if (node) yield group.assign(task, node)
    else {
      const reason = group.reasonFor(task)
      yield task.Status.Err === reason ? { type: 'leave', task } : { type: 'refuse', task, reason }
    }
  }
}

/** Whether the node would take a task with this demand that replaces nothing. */
export function couldTake(node: NodeInfo, demand: Demand): boolean {
  return refusal(filtersFor(demand), demand, node) === undefined
}

/** What the task may count on where the one is that it replaces. */
export function allowanceFor(set: NodeSet, task: TaskRecord): Allowance | undefined {
  const replaced = task.Shoal.Replaces === undefined ? undefined : set.occupant(task.Shoal.Replaces)
  return replaced && { replaced, sharesAll: isBefore(task.DesiredState, 'running') }
}

class GroupPlacing {
  readonly #input: GroupInput
  readonly #filters: readonly Filter[]
  /** Those that ask one node of a class, and those that ask each. */
  readonly #ofClasses: readonly Filter[]
  readonly #ofNodes: readonly Filter[]
  /** The first filter that refuses a class; null: none does. */
  readonly #verdicts = new Map<NodeClass, Filter | null>()
  #pool: Pool | undefined
  #tally: Tally | undefined

  constructor(input: GroupInput) {
    this.#input = input
    this.#filters = filtersFor(input.demand)
    const byClass = (filter: Filter): boolean => filter.byClass?.(input.demand) ?? false
    this.#ofClasses = this.#filters.filter(byClass)
    this.#ofNodes = this.#filters.filter((filter) => !byClass(filter))
  }

  nodeFor(task: TaskRecord): NodeInfo | undefined {
    const allowance = allowanceFor(this.#input.set, task)
    if (task.NodeID !== undefined) {
      const node = this.#input.set.nodes.get(task.NodeID)
      return node && this.#fits(node, allowance) ? node : undefined
    }
    const pool = this.#poolOfAll()
    const best = pool.best()
    const old = allowance?.replaced.node
    if (old === undefined || old === best || !this.#fits(old, allowance)) return best
    return best === undefined || pool.compare(old, best) <= 0 ? old : best
  }

  assign(task: TaskRecord, node: NodeInfo): Decision {
    const { set, demand } = this.#input
    const allowance = allowanceFor(set, task)
    // What the replaced task holds is lent only where there is not enough without it.
    const lent = this.#fits(node, undefined) ? undefined : allowance?.replaced.generic
    const generic = node.generic.choose(demand.generic, lent)
    set.claim(task, node, generic, demand)
    this.#pool?.placed(node)
    return { type: 'assign', task, nodeId: node.id, generic }
  }

  reasonFor(task: TaskRecord): string {
    const { set, demand } = this.#input
    const allowance = allowanceFor(set, task)
    if (task.NodeID !== undefined) {
      const node = set.nodes.get(task.NodeID)
      const reason = node && refusal(this.#filters, demand, node, allowance)
      return describeRefusals(reason ? new Map([[reason, 1]]) : new Map())
    }
    this.#tally ??= this.#countRefusals()
    if (allowance === undefined || allowance.replaced.node.gone) return describeRefusals(this.#tally)
    // The replaced task's node refused under other terms than the rest.
    const tally = new Map(this.#tally)
    add(tally, refusal(this.#filters, demand, allowance.replaced.node), -1)
    add(tally, refusal(this.#filters, demand, allowance.replaced.node, allowance), 1)
    return describeRefusals(tally)
  }

  #fits(node: NodeInfo, allowance: Allowance | undefined): boolean {
    if (node.gone || this.#refusalOf(node.class, node) !== null) return false
    return (
      this.#ofNodes.length === 0 || refusal(this.#ofNodes, this.#input.demand, node, allowance) === undefined
    )
  }

  #refusalOf(candidates: NodeClass, one: NodeInfo): Filter | null {
    const known = this.#verdicts.get(candidates)
    if (known !== undefined) return known
    const verdict = refusal(this.#ofClasses, this.#input.demand, one) ?? null
    if (candidates.uniform) this.#verdicts.set(candidates, verdict)
    return verdict
  }

  /** Made when the first task needs it: tasks of global services never do. */
  #poolOfAll(): Pool {
    const { set, demand, random, nowMs } = this.#input
    if (this.#pool) return this.#pool
    const strategy = strategyFor(this.#input)
    const context: PoolContext = {
      serviceId: demand.serviceId,
      strategy,
      random,
      troubled: set.failures.troubled(demand.serviceId, nowMs),
      unmet: demand.unmet,
      fits: (node) => this.#fits(node, undefined),
    }
    const lazily = demand.spreadOver.length === 0 && strategy.bestAt !== undefined
    this.#pool = lazily
      ? new HeapPool(
          context,
          [],
          set.byLoad.walk(
            (candidates, one) => candidates.uniform && this.#refusalOf(candidates, one) !== null,
          ),
        )
      : createPool(context, demand.spreadOver, set.nodes.values())
    return this.#pool
  }

  #countRefusals(): Tally {
    const tally: Tally = new Map()
    for (const node of this.#input.set.nodes.values()) {
      add(tally, refusal(this.#filters, this.#input.demand, node), 1)
    }
    return tally
  }
}

function strategyFor({ strategy, demand }: GroupInput): Strategy {
  const basis = demand.measured.isAsked ? byUse(strategy, demand.measured) : strategy
  return demand.unmet ? wishful(basis, demand.unmet) : basis
}

function add(tally: Tally, filter: Filter | undefined, by: number): void {
  if (filter) tally.set(filter, (tally.get(filter) ?? 0) + by)
}
