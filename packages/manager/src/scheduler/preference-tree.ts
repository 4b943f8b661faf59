import type { NodeInfo } from './node-info.js'
import { HeapPool, type Pool, type PoolContext } from './pool.js'

interface Branch {
  readonly pool: Pool
  /** Tasks of the service on all living nodes below, whether these take more or not. */
  tasks: number
}

/**
 * Spreads over the values of one label, and inside each of them over the next: the branch with the fewest
 * tasks of the service comes first. Nodes without the label are a branch of their own. Wishes count before preferences.
 */
export class PreferencePool implements Pool {
  readonly #descriptor: string
  readonly #unmet: PoolContext['unmet']
  readonly #branches = new Map<string, Branch>()

  /** @param descriptors the labels left to spread over: at least one */
  constructor(context: PoolContext, descriptors: readonly string[], nodes: Iterable<NodeInfo>) {
    const [descriptor = '', ...deeper] = descriptors
    this.#descriptor = descriptor
    this.#unmet = context.unmet
    for (const [value, members] of groupByLabel(nodes, descriptor)) {
      let tasks = 0
      for (const node of members) if (node.alive) tasks += node.stayingOf(context.serviceId)
      this.#branches.set(value, { pool: createPool(context, deeper, members), tasks })
    }
  }

  best(): NodeInfo | undefined {
    let best: { branch: Branch; node: NodeInfo } | undefined
    for (const branch of this.#branches.values()) {
      // Looking into a branch costs more than comparing counts.
      if (best && !this.#unmet && branch.tasks > best.branch.tasks) continue
      const node = branch.pool.best()
      if (node === undefined) continue
      if (best === undefined || this.#compareBranches(branch, node, best.branch, best.node) < 0) {
        best = { branch, node }
      }
    }
    return best?.node
  }

  /** Compares two branches, each by its best node, or by the one that is in question. */
  #compareBranches(one: Branch, a: NodeInfo, other: Branch, b: NodeInfo): number {
    const wishes = this.#unmet ? this.#unmet(a) - this.#unmet(b) : 0
    return wishes || one.tasks - other.tasks || a.tasks - b.tasks
  }

  compare(a: NodeInfo, b: NodeInfo): number {
    const [branchOfA, branchOfB] = [this.#branchOf(a), this.#branchOf(b)]
    if (branchOfA === undefined || branchOfB === undefined) return 0
    if (branchOfA === branchOfB) return branchOfA.pool.compare(a, b)
    return this.#compareBranches(branchOfA, a, branchOfB, b)
  }

  placed(node: NodeInfo): void {
    const branch = this.#branchOf(node)
    if (branch === undefined) return
    branch.tasks++
    branch.pool.placed(node)
  }

  #branchOf(node: NodeInfo): Branch | undefined {
    return this.#branches.get(labelOf(node, this.#descriptor))
  }
}

/** @param spreadOver label descriptors such as `node.labels.zone`, outermost first */
export function createPool(
  context: PoolContext,
  spreadOver: readonly string[],
  nodes: Iterable<NodeInfo>,
): Pool {
  return spreadOver.length > 0 ? new PreferencePool(context, spreadOver, nodes) : new HeapPool(context, nodes)
}

function groupByLabel(nodes: Iterable<NodeInfo>, descriptor: string): Map<string, NodeInfo[]> {
  const groups = new Map<string, NodeInfo[]>()
  for (const node of nodes) {
    const value = labelOf(node, descriptor)
    const members = groups.get(value)
    if (members) members.push(node)
    else groups.set(value, [node])
  }
  return groups
}

const NODE_LABEL = 'node.labels.'
const ENGINE_LABEL = 'engine.labels.'

/** The value that a node has for a descriptor; the empty text when it has none, or nobody knows the descriptor. */
export function labelOf(node: NodeInfo, descriptor: string): string {
  const lower = descriptor.toLowerCase()
  const { Spec: spec, Description: description } = node.record
  if (lower.startsWith(NODE_LABEL)) return spec.Labels?.[descriptor.slice(NODE_LABEL.length)] ?? ''
  if (lower.startsWith(ENGINE_LABEL)) {
    return description.Engine.Labels?.[descriptor.slice(ENGINE_LABEL.length)] ?? ''
  }
  return ''
}
