import type { Random } from '@shoal/common'
import { resourceBasis } from '@shoal/engine-api'
import type { StateView } from '../state/view.js'
import type { NodeInfo } from './node-info.js'
import type { Score, Strategy } from './strategy.js'

/** What was in use on a node when it was measured last, by whomever. */
export interface NodeUse {
  readonly cpus: number
  readonly memoryBytes: number
}

/** The latest measure of a node: the same object until there is a newer one. Undefined when there is none. */
export type UseOf = (nodeId: string) => NodeUse | undefined

/** What a node held when a measure of it was first looked at: what has come since is not in the measure. */
interface Baseline {
  readonly nanoCpus: number
  readonly memoryBytes: number
  readonly tasks: number
}

/** By the measure that they belong to. */
export type Baselines = WeakMap<NodeUse, Baseline>

/** A task that reserves nothing counts so much until it is measured, as a share of the node: a burst is spread. */
const SHARE_PER_NEW_TASK = 0.05

/** The room on nodes by what is in use on them, for the tasks of one service. */
export class MeasuredUse {
  readonly #around: { readonly view: StateView; readonly useOf: UseOf; readonly baselines: Baselines }
  readonly #serviceId: string

  constructor(
    around: { readonly view: StateView; readonly useOf: UseOf; readonly baselines: Baselines },
    serviceId: string,
  ) {
    this.#around = around
    this.#serviceId = serviceId
  }

  /** Whether the service is to be placed by it: its label says so, else the cluster's. */
  get isAsked(): boolean {
    const own = resourceBasis(this.#around.view.get('service', this.#serviceId)?.Spec.Labels ?? {})
    return (own ?? resourceBasis(this.#around.view.cluster()?.Spec.Labels ?? {})) === 'measured'
  }

  /** In billionths of a CPU; undefined when nobody has measured. May be negative. */
  nanoCpusFree(node: NodeInfo): number | undefined {
    const use = this.#around.useOf(node.id)
    if (use === undefined) return undefined
    const since = node.nanoCpusHeld - this.#baseline(use, node).nanoCpus
    return (node.record.Description.Resources.NanoCPUs ?? 0) - use.cpus * 1e9 - Math.max(0, since)
  }

  /** In bytes; undefined when nobody has measured. May be negative. */
  memoryFree(node: NodeInfo): number | undefined {
    const use = this.#around.useOf(node.id)
    if (use === undefined) return undefined
    const since = node.memoryHeld - this.#baseline(use, node).memoryBytes
    return (node.record.Description.Resources.MemoryBytes ?? 0) - use.memoryBytes - Math.max(0, since)
  }

  /** The shares of CPU and memory that are taken, by reservation or use, whichever is more. */
  load(node: NodeInfo): number {
    const { NanoCPUs: cpus = 0, MemoryBytes: memory = 0 } = node.record.Description.Resources
    const use = this.#around.useOf(node.id)
    const newTasks = use ? Math.max(0, node.tasks - this.#baseline(use, node).tasks) : 0
    return (
      share(cpus, Math.min(node.nanoCpusFree, this.nanoCpusFree(node) ?? Infinity)) +
      share(memory, Math.min(node.memoryFree, this.memoryFree(node) ?? Infinity)) +
      newTasks * SHARE_PER_NEW_TASK
    )
  }

  #baseline(use: NodeUse, node: NodeInfo): Baseline {
    const known = this.#around.baselines.get(use)
    if (known) return known
    const { nanoCpusHeld: nanoCpus, memoryHeld: memoryBytes, tasks } = node
    const baseline = { nanoCpus, memoryBytes, tasks }
    this.#around.baselines.set(use, baseline)
    return baseline
  }
}

function share(total: number, free: number): number {
  return total > 0 ? (total - free) / total : 0
}

/** The strategy with the measured load in the place of what it counts otherwise. */
export function byUse(strategy: Strategy, measured: MeasuredUse): Strategy {
  const { name } = strategy
  const inner = (node: NodeInfo, serviceId: string, before: Score | undefined, random: Random): Score =>
    strategy.score(node, serviceId, before, random)
  switch (name) {
    case 'spread':
      return {
        name,
        score: (node, serviceId, before, random) => ({
          first: inner(node, serviceId, before, random).first,
          second: measured.load(node),
        }),
      }
    case 'binpack':
      return { name, score: (node) => ({ first: -measured.load(node), second: -node.tasks }) }
    case 'random':
      return strategy
  }
}
