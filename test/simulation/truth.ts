import { isBefore, isTerminal } from '@shoal/common'
import { decode } from '@shoal/manager/state/codec'
import { placeOf } from '@shoal/manager/state/keys'
import type {
  Change,
  ClusterRecord,
  GatewayRecord,
  Kind,
  NodeRecord,
  Records,
  ServiceRecord,
  SpecRecord,
  TaskRecord,
} from '@shoal/manager/state/records'
import type { Operation } from '@shoal/manager/store/contract'

type Tables = { readonly [K in Kind]: Map<string, Records[K]> }

/** What the store holds, read back from every write: what the rules are judged by. */
export class Truth {
  readonly #cluster: string
  readonly #tables: Tables = {
    cluster: new Map(),
    node: new Map(),
    service: new Map(),
    spec: new Map(),
    task: new Map(),
    network: new Map(),
    gateway: new Map(),
    secret: new Map(),
    config: new Map(),
  }
  readonly #tasksByService = new Map<string, Set<string>>()
  readonly #lostOnce = new Set<string>()

  constructor(cluster: string) {
    this.#cluster = cluster
  }

  /** Takes a write in. @returns what has changed by it */
  apply(operations: readonly Operation[], revision: number): Change[] {
    return operations.flatMap((operation) => {
      const place = placeOf(this.#cluster, operation.key)
      if (!place) return []
      const { kind, slot } = place
      const table = this.#tables[kind] as Map<string, Records[Kind]>
      const before = table.get(slot)
      const after =
        operation.type === 'put' ? decode(kind, operation.key, operation.value, revision) : undefined
      if (after) table.set(slot, after)
      else table.delete(slot)
      if (kind === 'task')
        this.#index(slot, before as TaskRecord | undefined, after as TaskRecord | undefined)
      this.#noteLost(kind, slot)
      return before || after ? [{ kind, ...(before && { before }), ...(after && { after }) } as Change] : []
    })
  }

  cluster(): ClusterRecord | undefined {
    return this.#tables.cluster.values().next().value
  }

  node(id: string | undefined): NodeRecord | undefined {
    return id === undefined ? undefined : this.#tables.node.get(id)
  }

  service(id: string): ServiceRecord | undefined {
    return this.#tables.service.get(id)
  }

  spec(serviceId: string, number: number): SpecRecord | undefined {
    return this.#tables.spec.get(`${serviceId}/${number}`)
  }

  specOf(task: TaskRecord): SpecRecord | undefined {
    return this.spec(task.ServiceID, task.Shoal.SpecVersion)
  }

  task(id: string): TaskRecord | undefined {
    return this.#tables.task.get(id)
  }

  /** The nodes that have an agent: not the managers'. */
  nodes(): NodeRecord[] {
    return [...this.#tables.node.values()].filter(({ Spec }) => Spec.Role !== 'manager')
  }

  gateways(): GatewayRecord[] {
    return [...this.#tables.gateway.values()]
  }

  services(): ServiceRecord[] {
    return [...this.#tables.service.values()]
  }

  specs(): SpecRecord[] {
    return [...this.#tables.spec.values()]
  }

  tasks(): TaskRecord[] {
    return [...this.#tables.task.values()]
  }

  /** The revision of every record of a kind, by ID. */
  versions(kind: Kind): Map<string, number> {
    const versions = new Map<string, number>()
    for (const { ID, Version } of this.#tables[kind].values()) versions.set(ID, Version.Index)
    return versions
  }

  tasksOf(serviceId: string): TaskRecord[] {
    const tasks: TaskRecord[] = []
    for (const id of this.#tasksByService.get(serviceId) ?? []) {
      const task = this.#tables.task.get(id)
      if (task) tasks.push(task)
    }
    return tasks
  }

  /** The other tasks of its slot, or, of a global service, of its node. */
  tasksBeside(task: TaskRecord): TaskRecord[] {
    const key = slotOf(task)
    return this.tasksOf(task.ServiceID).filter((other) => other.ID !== task.ID && slotOf(other) === key)
  }

  /** Whether its node is down or gone, so that nobody knows what became of it. */
  isLost(task: TaskRecord): boolean {
    if (task.Status.State === 'orphaned') return true
    const isGiven = !isBefore(task.Status.State, 'assigned') && !isTerminal(task.Status.State)
    if (task.NodeID === undefined || !isGiven) return false
    const node = this.node(task.NodeID)
    return node === undefined || node.Status.State === 'down'
  }

  /** Whether the task was ever given up for lost: its container may run on, out of sight. */
  wasLost(task: { readonly ID: string }): boolean {
    return this.#lostOnce.has(task.ID)
  }

  #noteLost(kind: Kind, id: string): void {
    if (kind === 'task') {
      const task = this.task(id)
      if (task && this.isLost(task)) this.#lostOnce.add(id)
    } else if (kind === 'node' && (this.node(id)?.Status.State ?? 'down') === 'down') {
      for (const task of this.#tables.task.values()) if (task.NodeID === id) this.#lostOnce.add(task.ID)
    }
  }

  #index(id: string, before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    const serviceId = (after ?? before)?.ServiceID ?? ''
    const ids = this.#tasksByService.get(serviceId) ?? new Set()
    this.#tasksByService.set(serviceId, ids)
    if (after) ids.add(id)
    else ids.delete(id)
  }
}

export function slotOf(task: TaskRecord): string {
  return task.Slot === undefined ? (task.NodeID ?? '') : String(task.Slot)
}
