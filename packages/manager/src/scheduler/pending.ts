import { isDesiredAlive } from '@shoal/common'
import { specId, type TaskRecord } from '../state/records.js'
import { TaskNotes, type TaskNote, type TaskPlace } from './task-notes.js'

/** Pending tasks that ask for the same: those of one service and spec version. */
export interface PendingGroup {
  /** The ID of their spec. */
  readonly key: string
  readonly serviceId: string
  readonly specVersion: number
  /** In the order in which they came; some may wait here no more: their place is cleared later, with others. */
  waiting: TaskNote[]
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

/** The note of a task that waits. */
export interface WaitingTask extends TaskNote {
  group: PendingGroup
  task: TaskRecord
}

/** The tasks that wait for a node. */
export class PendingTasks {
  readonly #groups = new Map<string, PendingGroup>()
  readonly #notes: TaskNotes
  #size = 0
  /** Tasks that follow each other mostly are of one group. */
  #latest: PendingGroup | undefined
  /** What `free` gave last. */
  #given: TaskNote | undefined

  constructor(notes = new TaskNotes()) {
    this.#notes = notes
  }

  groups(): Iterable<PendingGroup> {
    return this.#groups.values()
  }

  get size(): number {
    return this.#size
  }

  /** Those that the task waits among; undefined when it does not wait. */
  groupOf(place: TaskPlace): PendingGroup | undefined {
    return this.#notes.get(place)?.group
  }

  /** Follows a task's record, or its having none. @returns whether there is something new to look at */
  update(place: TaskPlace, task: TaskRecord | undefined): boolean {
    let note = this.#notes.get(place)
    if (task === undefined || !isPending(task)) {
      if (isWaiting(note)) this.#remove(note)
      return false
    }
    const group = this.#groupFor(task)
    const taken = note?.taken ?? false
    if (isWaiting(note) && note.group !== group) {
      this.#remove(note)
      note = this.#notes.get(place)
    }
    if (!isWaiting(note)) {
      group.dirty = true
      this.#add(group, task, taken, note ?? this.#notes.make(place))
    } else {
      if (asksOtherwise(note.task, task)) group.dirty = true
      group.special += Number(isSpecial(task)) - Number(isSpecial(note.task))
      note.task = task
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
  takeLatest(): TaskNote {
    if (this.#given === undefined) throw new Error('no task was given')
    this.#given.taken = true
    return this.#given
  }

  release(place: TaskPlace): void {
    const note = this.#notes.get(place)
    if (note) note.taken = false
  }

  /** The tasks of a group that nobody works on; the group may change meanwhile. One such walk at a time. */
  *free(group: PendingGroup): Generator<TaskRecord> {
    if (group.waiting.length > 2 * group.size)
      group.waiting = group.waiting.filter((note) => note.group === group)
    const { waiting } = group
    for (const note of waiting) {
      if (note.group !== group || note.taken || !isWaiting(note)) continue
      this.#given = note
      this.#notes.expect(note.task.ID, note)
      yield note.task
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

  #add(group: PendingGroup, task: TaskRecord, taken: boolean, note: TaskNote): void {
    note.group = group
    note.task = task
    note.taken = taken
    group.waiting.push(note)
    group.size++
    group.special += Number(isSpecial(task))
    this.#size++
  }

  #remove(waiting: WaitingTask): void {
    const note: TaskNote = waiting
    const { group, task } = waiting
    note.group = undefined
    note.task = undefined
    note.taken = false
    this.#notes.tidy(task, note)
    this.#size--
    group.special -= Number(isSpecial(task))
    if (--group.size === 0) this.#groups.delete(group.key)
  }
}

function isWaiting(note: TaskNote | undefined): note is WaitingTask {
  return note?.group !== undefined
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
