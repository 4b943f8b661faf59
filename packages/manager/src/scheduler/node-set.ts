import { fromTimestamp, isAtLeast, isDesiredAlive, isTerminal } from '@shoal/common'
import type { GenericResource } from '@shoal/engine-api'
import { specId, type Change, type NodeRecord, type TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { DemandCache, type Demand } from './demand.js'
import { Failures } from './failures.js'
import { LoadIndex } from './load-index.js'
import type { UseOf } from './measured-use.js'
import { NodeClasses } from './node-class.js'
import { isOccupant, NodeInfo, type Holding, type Occupant } from './node-info.js'
import { type TaskNote, TaskNotes, type TaskPlace } from './task-notes.js'

/**
 * All nodes with what their tasks take, kept up to date from the feed of changes, so that its cost grows with
 * what changes. Invariant: apart from claims whose commit is under way, it says what the state says.
 */
export class NodeSet {
  readonly nodes = new Map<string, NodeInfo>()
  readonly byLoad = new LoadIndex()
  readonly failures = new Failures()
  readonly demands: DemandCache
  /** Grows with every change. */
  revision = 0
  /** Grows with every change after which a task may fit that did not. */
  freedRevision = 0
  readonly #view: StateView
  readonly #classes = new NodeClasses()
  readonly #notes: TaskNotes
  /** The living task that is to take the place of another, by the other's ID. */
  readonly #replacedBy = new Map<string, string>()
  #freed = new Set<NodeInfo>()
  /** What was held last. */
  #latest: Holding | undefined
  #nextOrdinal = 0

  /** Begins empty: see `loadNode` and `loadTask`. */
  constructor(view: StateView, useOf: UseOf = () => undefined, notes = new TaskNotes()) {
    this.#view = view
    this.#notes = notes
    this.demands = new DemandCache({
      view,
      occupant: (taskId) => this.occupant(taskId),
      revision: () => this.revision,
      useOf,
      baselines: new WeakMap(),
    })
  }

  /** The set as the view stands. */
  static of(view: StateView, useOf?: UseOf): NodeSet {
    const set = new NodeSet(view, useOf)
    for (const node of view.all('node')) set.loadNode(node)
    for (const task of view.all('task')) set.loadTask(task)
    return set
  }

  /** Takes in a node that existed before the feed began; tasks follow when all nodes are there. */
  loadNode(node: NodeRecord): void {
    this.#putNode(node)
  }

  /** Takes in a task that existed before the feed began. */
  loadTask(task: TaskRecord): void {
    this.applyTask(task, task)
    const node = hasFailed(task) ? this.#nodeOf(task) : undefined
    if (node) this.failures.note(task.ServiceID, node, fromTimestamp(task.Status.Timestamp))
  }

  /** Nodes that have changed for the better, perhaps, since this was last asked. */
  takeFreed(): Set<NodeInfo> {
    const freed = this.#freed
    this.#freed = new Set()
    return freed
  }

  get hasFreed(): boolean {
    return this.#freed.size > 0
  }

  occupant(taskId: string): Occupant | undefined {
    const task = this.#view.get('task', taskId)
    return task && this.occupantOf(task)
  }

  /** For who has the task's record at hand. */
  occupantOf(place: TaskPlace): Occupant | undefined {
    const note = this.#notes.get(place)
    return isOccupant(note) ? note : undefined
  }

  /** What the tasks of this spec ask; undefined when the spec is not known. */
  demandOf(serviceId: string, specVersion: number): Demand | undefined {
    const spec = this.#view.get('spec', specId(serviceId, specVersion))
    return spec && this.demands.of(spec)
  }

  /** @param nowMs when it happened, in milliseconds since the epoch */
  apply(change: Change, nowMs: number): void {
    if (change.kind === 'task') this.#taskChanged(change.before, change.after, nowMs)
    else if (change.kind === 'node') {
      if (change.after) this.#applyNode(change.after)
      else if (change.before) this.#removeNode(change.before.ID)
    } else if (change.kind === 'spec' && change.before && !change.after) this.demands.forget(change.before.ID)
    else if (change.kind === 'service' && change.before && !change.after)
      this.failures.forget(change.before.ID)
  }

  /**
   * Brings the set in line with a task's record, or with its having none; doing so twice changes nothing. After a claim
   * whose commit failed this is what takes the claim back.
   */
  applyTask(place: TaskPlace, task: TaskRecord | undefined): void {
    if (task) this.#applyReplacement(task)
    const note = this.#notes.get(place)
    const node = task && occupies(task) ? this.#placeOf(task, note) : undefined
    if (task && node) {
      this.#occupy(task, node, task.AssignedGenericResources ?? [], note)
    } else this.#vacate(place, note)
    if (task) this.#refreshReplaced(task)
  }

  /** Takes room for a task before the store has said yes. */
  claim(task: TaskRecord, node: NodeInfo, generic: readonly GenericResource[], demand: Demand): void {
    this.#occupy(task, node, generic, this.#notes.get(task), demand)
    this.#refreshReplaced(task)
  }

  #applyNode(record: NodeRecord): void {
    const isNew = !this.nodes.has(record.ID)
    this.#noteFreed(this.#putNode(record))
    if (isNew) for (const task of this.#view.tasksOfNode(record.ID)) this.applyTask(task, task)
  }

  #putNode(record: NodeRecord): NodeInfo {
    const ownClass = this.#classes.of(record)
    const known = this.nodes.get(record.ID)
    const node = known ?? new NodeInfo(record, this.#nextOrdinal++, ownClass)
    if (known) {
      known.record = record
      known.class = ownClass
    } else this.nodes.set(record.ID, node)
    this.byLoad.update(node)
    return node
  }

  /** The node that it is known to be on mostly is the one that it names. */
  #placeOf(task: TaskRecord, note: TaskNote | undefined): NodeInfo | undefined {
    const known = note?.node
    return known && !known.gone && known.id === task.NodeID ? known : this.#nodeOf(task)
  }

  #nodeOf({ NodeID: id }: TaskRecord): NodeInfo | undefined {
    return id === undefined ? undefined : this.nodes.get(id)
  }

  #taskChanged(before: TaskRecord | undefined, after: TaskRecord | undefined, nowMs: number): void {
    const task = after ?? before
    if (task === undefined) return
    if (after && before && hasFailed(after) && !isTerminal(before.Status.State)) {
      const node = this.#nodeOf(task)
      // Who is told to stop and then ends badly has not failed.
      if (node && isDesiredAlive(before.DesiredState)) this.failures.note(task.ServiceID, node, nowMs)
    }
    if (!after) this.#endReplacement(task)
    this.applyTask(task, after)
  }

  /** @param noted what is known of the task: to find it is most of the work */
  #occupy(
    task: TaskRecord,
    node: NodeInfo,
    generic: readonly GenericResource[],
    noted: TaskNote | undefined,
    itsDemand?: Demand,
  ): void {
    const successor = this.#replacedBy.size > 0 ? this.#replacedBy.get(task.ID) : undefined
    const stays = successor === undefined && isDesiredAlive(task.DesiredState)
    const doubled = successor !== undefined && this.occupant(successor)?.node === node
    const note = noted ?? this.#notes.make(task)
    const { node: knownNode, holding: held } = note
    const { SpecVersion: specVersion } = task.Shoal
    const isSame = knownNode === node && held?.stays === stays && held.doubled === doubled
    if (isSame && held.specVersion === specVersion) {
      if (note.generic === generic || (note.generic.length === 0 && generic.length === 0)) return
    }
    this.revision++
    // A spec that is gone by now must not make a task forget what it holds.
    const kept = held?.specVersion === specVersion ? held.demand : undefined
    const demand = kept ?? itsDemand ?? this.demandOf(task.ServiceID, specVersion) ?? held?.demand
    const holding = this.#shared({ serviceId: task.ServiceID, specVersion, demand, stays, doubled })
    if (isOccupant(note)) this.#leave(note)
    note.node = node
    note.generic = generic
    note.holding = holding
    if (isOccupant(note)) node.add(note)
    this.byLoad.update(node)
    if (knownNode && !isSame) this.#noteFreed(knownNode)
  }

  /** Tasks that follow each other mostly hold the same. */
  #shared(holding: Holding): Holding {
    const latest = this.#latest
    if (latest === undefined || !isSameHolding(latest, holding)) this.#latest = holding
    return this.#latest ?? holding
  }

  #leave(occupant: Occupant): void {
    occupant.node.remove(occupant)
    this.byLoad.update(occupant.node)
  }

  #noteFreed(node: NodeInfo): void {
    this.revision++
    this.freedRevision++
    this.#freed.add(node)
  }

  #vacate(place: TaskPlace, note: TaskNote | undefined): void {
    if (!isOccupant(note)) return
    const { node } = note
    this.#leave(note)
    const left: TaskNote = note
    left.node = undefined
    left.holding = undefined
    this.#notes.tidy(place, note)
    this.#noteFreed(node)
  }

  #applyReplacement(task: TaskRecord): void {
    const { Replaces: replaced } = task.Shoal
    if (replaced === undefined) return
    const lives = isDesiredAlive(task.DesiredState) && !isTerminal(task.Status.State)
    if (!lives) this.#endReplacement(task)
    else if (this.#replacedBy.get(replaced) !== task.ID) {
      this.#replacedBy.set(replaced, task.ID)
      this.#refresh(replaced)
    }
  }

  #endReplacement(task: TaskRecord): void {
    const { Replaces: replaced } = task.Shoal
    if (replaced === undefined || this.#replacedBy.get(replaced) !== task.ID) return
    this.#replacedBy.delete(replaced)
    this.#refresh(replaced)
  }

  /** Counts a task anew after somebody has begun, or given up, to take its place. */
  #refresh(taskId: string): void {
    const task = this.#view.get('task', taskId)
    const known = task && this.occupantOf(task)
    if (task && known) this.#occupy(task, known.node, known.generic, known)
  }

  /** The replaced task counts or not, depending on where its successor is. */
  #refreshReplaced({ Shoal: { Replaces: replaced } }: TaskRecord): void {
    if (replaced !== undefined) this.#refresh(replaced)
  }

  #removeNode(nodeId: string): void {
    const node = this.nodes.get(nodeId)
    if (node === undefined) return
    this.nodes.delete(nodeId)
    this.#classes.forget(nodeId)
    node.gone = true
    node.version++
    this.byLoad.update(node)
    for (const task of this.#view.tasksOfNode(nodeId)) this.#vacate(task, this.#notes.get(task))
    this.#noteFreed(node)
  }
}

function isSameHolding(one: Holding, other: Holding): boolean {
  return (
    one.serviceId === other.serviceId &&
    one.specVersion === other.specVersion &&
    one.demand === other.demand &&
    one.stays === other.stays &&
    one.doubled === other.doubled
  )
}

/** Whether the task takes room on its node: from its assignment until it has ended, wanted or not. */
function occupies(task: TaskRecord): boolean {
  return isAtLeast(task.Status.State, 'assigned') && !isTerminal(task.Status.State)
}

function hasFailed(task: TaskRecord): boolean {
  return task.Status.State === 'failed' || task.Status.State === 'rejected'
}
