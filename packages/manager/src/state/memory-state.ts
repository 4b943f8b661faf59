import { isBefore, isTransient, ShoalError } from '@shoal/common'
import { CLUSTER_SLOT } from './keys.js'
import type {
  Change,
  ClusterRecord,
  ConfigRecord,
  GatewayRecord,
  Kind,
  NetworkRecord,
  NodeRecord,
  Records,
  SecretRecord,
  ServiceRecord,
  SpecRecord,
  TaskRecord,
} from './records.js'
import { KINDS, specId } from './records.js'
import { RecordIndex } from './record-index.js'
import type { ChangeListener } from './state.js'
import type { StateView } from './view.js'

type Tables = { readonly [K in Kind]: Map<string, Records[K]> }
type Indexes = { readonly [K in Kind]: readonly RecordIndex<Records[K]>[] }

/** What the store has made of one record. `record` is absent when it was deleted. */
export type Written = { [K in Kind]: WrittenOf<K> }[Kind]
interface WrittenOf<K extends Kind> {
  readonly kind: K
  readonly slot: string
  readonly revision: number
  readonly record?: Records[K]
}

/**
 * The records in memory with their indexes and their feed of changes. What the store has written may be
 * told here more than once and late (by the commit, by the watch): the revision decides what is news.
 */
export class MemoryState implements StateView {
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
  readonly #tasksByService = new RecordIndex<TaskRecord>(this.#tables.task, (task) => task.ServiceID)
  readonly #tasksByNode = new RecordIndex<TaskRecord>(this.#tables.task, (task) => task.NodeID)
  readonly #specsByService = new RecordIndex<SpecRecord>(this.#tables.spec, (spec) => spec.ServiceID)
  readonly #servicesByName = new RecordIndex<ServiceRecord>(
    this.#tables.service,
    (service) => service.Spec.Name,
  )
  readonly #nodesByHostname = new RecordIndex<NodeRecord>(
    this.#tables.node,
    (node) => node.Description.Hostname,
  )
  readonly #networksByName = new RecordIndex<NetworkRecord>(
    this.#tables.network,
    (network) => network.Spec.Name,
  )
  readonly #gatewaysByNetwork = new RecordIndex<GatewayRecord>(
    this.#tables.gateway,
    (gateway) => gateway.NetworkID,
  )
  readonly #gatewaysByNode = new RecordIndex<GatewayRecord>(this.#tables.gateway, (gateway) => gateway.NodeID)
  readonly #secretsByName = new RecordIndex<SecretRecord>(this.#tables.secret, (secret) => secret.Spec.Name)
  readonly #configsByName = new RecordIndex<ConfigRecord>(this.#tables.config, (config) => config.Spec.Name)
  readonly #indexes: Indexes = {
    cluster: [],
    node: [this.#nodesByHostname],
    service: [this.#servicesByName],
    spec: [this.#specsByService],
    task: [this.#tasksByService, this.#tasksByNode],
    network: [this.#networksByName],
    gateway: [this.#gatewaysByNetwork, this.#gatewaysByNode],
    secret: [this.#secretsByName],
    config: [this.#configsByName],
  }
  /** When records were deleted, by `kind/slot`: a late word of an older write must not bring them back. */
  readonly #deletedAt = new Map<string, number>()
  /** All that was written up to this revision has been told. */
  #completeUpTo = 0
  /** Revisions of this manager's own writes of which the watch has not told yet. */
  readonly #own = new Set<number>()
  readonly #listeners = new Set<ChangeListener>()

  cluster(): ClusterRecord | undefined {
    return this.#tables.cluster.get(CLUSTER_SLOT)
  }

  get<K extends Kind>(kind: K, id: string): Records[K] | undefined {
    const record = this.at(kind, kind === 'cluster' ? CLUSTER_SLOT : id)
    return record?.ID === id ? record : undefined
  }

  all<K extends Kind>(kind: K): IterableIterator<Records[K]> {
    return this.#table(kind).values()
  }

  count(kind: Kind): number {
    return this.#tables[kind].size
  }

  specOf(owner: TaskRecord | ServiceRecord): SpecRecord | undefined {
    const serviceId = 'ServiceID' in owner ? owner.ServiceID : owner.ID
    return this.#tables.spec.get(specId(serviceId, owner.Shoal.SpecVersion))
  }

  specsOfService(serviceId: string): Iterable<SpecRecord> {
    return this.#specsByService.get(serviceId)
  }

  tasksOfService(serviceId: string): Iterable<TaskRecord> {
    return this.#tasksByService.get(serviceId)
  }

  tasksOfNode(nodeId: string): Iterable<TaskRecord> {
    return this.#tasksByNode.get(nodeId)
  }

  servicesOfTasks(): Iterable<string> {
    return this.#tasksByService.groups()
  }

  nodesOfTasks(): Iterable<string> {
    return this.#tasksByNode.groups()
  }

  serviceNamed(name: string): ServiceRecord | undefined {
    return first(this.#servicesByName.get(name))
  }

  nodesNamed(hostname: string): Iterable<NodeRecord> {
    return this.#nodesByHostname.get(hostname)
  }

  networkNamed(name: string): NetworkRecord | undefined {
    return first(this.#networksByName.get(name))
  }

  secretNamed(name: string): SecretRecord | undefined {
    return first(this.#secretsByName.get(name))
  }

  configNamed(name: string): ConfigRecord | undefined {
    return first(this.#configsByName.get(name))
  }

  gatewaysOfNetwork(networkId: string): Iterable<GatewayRecord> {
    return this.#gatewaysByNetwork.get(networkId)
  }

  gatewaysOfNode(nodeId: string): Iterable<GatewayRecord> {
    return this.#gatewaysByNode.get(nodeId)
  }

  subscribe(listener: ChangeListener): () => void {
    // Wrapped, so that one function that subscribes twice is two subscriptions.
    const own: ChangeListener = (changes) => listener(changes)
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  /** See State.observe. @throws ShoalError `invalid-argument` for a state that has to be written */
  observe(taskId: string, status: TaskRecord['Status']): void {
    if (!isTransient(status.State)) {
      throw new ShoalError('invalid-argument', `the task state ${status.State} must be committed`)
    }
    const before = this.#tables.task.get(taskId)
    if (before === undefined || !isBefore(before.Status.State, status.State)) return
    const after: TaskRecord = { ...before, Status: status }
    this.#tables.task.set(taskId, after)
    this.#index('task', taskId, before, after)
    this.#tell([{ kind: 'task', before, after }])
  }

  /** The record at a place of its table. */
  at<K extends Kind>(kind: K, slot: string): Records[K] | undefined {
    return this.#table(kind).get(slot)
  }

  /** Whether a write of this record at `revision` has not been told yet. */
  isNews(kind: Kind, slot: string, revision: number): boolean {
    const known = this.at(kind, slot)?.Version.Index ?? this.#deletionOf(kind, slot)
    return this.#isLater(revision, known)
  }

  #isLater(revision: number, known: number): boolean {
    return revision > known && revision > this.#completeUpTo
  }

  /** Takes over all that this manager has itself written at `revision`: the watch need not tell of it again. */
  applyOwn(writes: readonly Written[], revision: number): void {
    this.#own.add(revision)
    this.apply(writes)
  }

  /** Whether all that was written at this revision is in memory already. */
  knowsAllOf(revision: number): boolean {
    return this.#own.has(revision)
  }

  /** Takes over what the store has written, skips what is no news, and tells the listeners of the rest at once. */
  apply(writes: readonly Written[]): void {
    const changes: Change[] = []
    for (const write of writes) {
      const change = this.#applyOne(write)
      if (change) changes.push(change)
    }
    this.#tell(changes)
  }

  /**
   * Takes over a whole snapshot of the store: `writes` are the records that it holds, `revision` is its own.
   * What is missing in it was deleted, unless memory knows it from later on.
   */
  replaceAll(writes: readonly Written[], revision: number): void {
    const present = new Set(writes.map(({ kind, slot }) => `${kind}/${slot}`))
    const gone: Written[] = []
    for (const kind of KINDS) {
      for (const [slot, record] of this.#tables[kind]) {
        if (!present.has(`${kind}/${slot}`) && record.Version.Index <= revision)
          gone.push({ kind, slot, revision })
      }
    }
    this.apply([...gone, ...writes])
    this.completeUpTo(revision)
  }

  /** Says that all that was written up to `revision` has been told: what else is said of that time is old. */
  completeUpTo(revision: number): void {
    this.#completeUpTo = Math.max(this.#completeUpTo, revision)
    for (const own of this.#own) {
      // They were added in order.
      if (own > revision) break
      this.#own.delete(own)
    }
    for (const [place, deletedAt] of this.#deletedAt) if (deletedAt <= revision) this.#deletedAt.delete(place)
  }

  #applyOne<K extends Kind>({ kind, slot, revision, record }: WrittenOf<K>): Change | undefined {
    const table = this.#table(kind)
    const before = table.get(slot)
    if (!this.#isLater(revision, before?.Version.Index ?? this.#deletionOf(kind, slot))) return undefined
    if (record === undefined) {
      this.#deletedAt.set(`${kind}/${slot}`, revision)
      if (before === undefined) return undefined
      table.delete(slot)
      this.#index(kind, slot, before, undefined)
      return { kind, before } as Change
    }
    if (before === undefined && this.#deletedAt.size > 0) this.#deletedAt.delete(`${kind}/${slot}`)
    const after = withLaterStatus(kind, before, record)
    table.set(slot, after)
    this.#index(kind, slot, before, after)
    return (before ? { kind, before, after } : { kind, after }) as Change
  }

  /** @returns the revision; 0 when no deletion is known */
  #deletionOf(kind: Kind, slot: string): number {
    return this.#deletedAt.size === 0 ? 0 : (this.#deletedAt.get(`${kind}/${slot}`) ?? 0)
  }

  #index<K extends Kind>(kind: K, slot: string, before?: Records[K], after?: Records[K]): void {
    for (const index of this.#indexesOf(kind)) index.update(slot, before, after)
  }

  #indexesOf<K extends Kind>(kind: K): readonly RecordIndex<Records[K]>[] {
    return this.#indexes[kind]
  }

  #table<K extends Kind>(kind: K): Map<string, Records[K]> {
    return this.#tables[kind]
  }

  #tell(changes: readonly Change[]): void {
    if (changes.length > 0) for (const listener of this.#listeners) listener(changes)
  }
}

function first<Record>(records: Iterable<Record>): Record | undefined {
  for (const record of records) return record
  return undefined
}

/**
 * States only move forward: a write that was decided before a passing state was observed does not take it back.
 */
function withLaterStatus<K extends Kind>(
  kind: K,
  before: Records[K] | undefined,
  record: Records[K],
): Records[K] {
  if (kind !== 'task' || before === undefined) return record
  const known = (before as TaskRecord).Status
  const written = (record as TaskRecord).Status
  const isLater = isTransient(known.State) && isBefore(written.State, known.State)
  return isLater ? { ...record, Status: known } : record
}
