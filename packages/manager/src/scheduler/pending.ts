import { isDesiredAlive } from '@shoal/common'
import { specId, type TaskRecord } from '../state/records.js'
import { TaskNotes, type TaskNote } from './task-notes.js'

/** Pending tasks that ask for the same: those of one service and spec version. */
export interface PendingGroup {
  /** The ID of their spec. */
  readonly key: string
  readonly serviceId: string
  readonly specVersion: number
  /** In the order in which they came; some may be `gone`. */
  waiting: WaitingTask[]
  /** How many of them wait, and how many of those see nodes in their own way. */
  size: number
  special: number
  /** Something in the group itself is new: it must be looked at. */
  dirty: boolean
  /** The node set's revisions, and the time, when it was last looked at. */
  lookedRevision: number
  lookedFreedRevision: number
  lookedAtMs: number
}

export interface WaitingTask {
  readonly group: PendingGroup
  readonly note: TaskNote
  task: TaskRecord
  /** A decision on it is being committed: it is left alone until the outcome is known. */
  taken: boolean
  /** It waits no more; its place in the group is cleared later, with others. */
  gone: boolean
}

/** The tasks that wait for a node. */
export class PendingTasks {
  readonly #groups = new Map<string, PendingGroup>()
  readonly #notes: TaskNotes
  #size = 0
  /** Tasks that follow each other mostly are of one group. */
  #latest: PendingGroup | undefined
  /** What `free` gave last. */
  #given: WaitingTask | undefined

  constructor(notes = new TaskNotes()) {
    this.#notes = notes
  }

  groups(): Iterable<PendingGroup> {
    return this.#groups.values()
  }

  get size(): number {
    return this.#size
  }

  /** Whether the task waits for a node. */
  has(taskId: string): boolean {
    return this.#notes.get(taskId)?.waiting !== undefined
  }

  /** Follows a task's record. @returns whether there is something new to look at */
  update(taskId: string, task: TaskRecord | undefined): boolean {
    let note = this.#notes.get(taskId)
    let known = note?.waiting
    if (task === undefined || !isPending(task)) {
      if (note && known) this.#remove(note, known)
      return false
    }
    const group = this.#groupFor(task)
    const taken = known?.taken ?? false
    if (note && known && known.group !== group) {
      this.#remove(note, known)
      note = this.#notes.get(taskId)
      known = undefined
    }
    if (known === undefined || asksOtherwise(known.task, task)) group.dirty = true
    if (known === undefined) this.#add(group, task, taken, note)
    else {
      group.special += Number(isSpecial(task)) - Number(isSpecial(known.task))
      known.task = task
    }
    return group.dirty
  }

  /** Has a group looked at again; a spec, for example, was missing and is there now. */
  markDirty(key: string): boolean {
    const group = this.#groups.get(key)
    if (group) group.dirty = true
    return group !== undefined
  }

  /** Has the task that `free` gave last left alone. @throws Error when it gave none */
  takeLatest(): WaitingTask {
    if (this.#given === undefined) throw new Error('no task was given')
    this.#given.taken = true
    return this.#given
  }

  release(taskId: string): void {
    const known = this.#notes.get(taskId)?.waiting
    if (known) known.taken = false
  }

  /** The tasks of a group that nobody works on; the group may change meanwhile. One such walk at a time. */
  *free(group: PendingGroup): Generator<TaskRecord> {
    if (group.waiting.length > 2 * group.size) group.waiting = group.waiting.filter(({ gone }) => !gone)
    const { waiting } = group
    for (const each of waiting) {
      if (each.gone || each.taken) continue
      this.#given = each
      this.#notes.expect(each.task.ID, each.note)
      yield each.task
    }
  }

  #groupFor(task: TaskRecord): PendingGroup {
    const { ServiceID: serviceId } = task
    const { SpecVersion: specVersion } = task.Shoal
    const latest = this.#latest
    if (latest && latest.size > 0 && latest.serviceId === serviceId && latest.specVersion === specVersion)
      return latest
    const key = specId(serviceId, specVersion)
    const group = this.#groups.get(key) ?? newGroup(key, serviceId, specVersion)
    this.#groups.set(key, group)
    this.#latest = group
    return group
  }

  #add(group: PendingGroup, task: TaskRecord, taken: boolean, noted: TaskNote | undefined): void {
    const note = noted ?? this.#notes.make(task.ID)
    const entry: WaitingTask = { group, note, task, taken, gone: false }
    note.waiting = entry
    group.waiting.push(entry)
    group.size++
    group.special += Number(isSpecial(task))
    this.#size++
  }

  #remove(note: TaskNote, entry: WaitingTask): void {
    const { group, task } = entry
    entry.gone = true
    note.waiting = undefined
    this.#notes.tidy(task.ID, note)
    this.#size--
    group.special -= Number(isSpecial(task))
    if (--group.size === 0) this.#groups.delete(group.key)
  }
}

function newGroup(key: string, serviceId: string, specVersion: number): PendingGroup {
  return {
    key,
    serviceId,
    specVersion,
    waiting: [],
    size: 0,
    special: 0,
    dirty: true,
    lookedRevision: -1,
    lookedFreedRevision: -1,
    lookedAtMs: 0,
  }
}

/** Whether the scheduler is to find a node: the allocator is done, and somebody still wants the task. */
export function isPending(task: TaskRecord): boolean {
  return task.Status.State === 'pending' && isDesiredAlive(task.DesiredState)
}

/** Whether it replaces another, or is bound to a node: such tasks see nodes in their own way. */
function isSpecial(task: TaskRecord): boolean {
  return task.NodeID !== undefined || task.Shoal.Replaces !== undefined
}

function asksOtherwise(before: TaskRecord, after: TaskRecord): boolean {
  return (
    before.NodeID !== after.NodeID ||
    before.DesiredState !== after.DesiredState ||
    before.Shoal.Replaces !== after.Shoal.Replaces
  )
}
