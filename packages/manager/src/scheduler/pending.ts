import { isDesiredAlive } from '@shoal/common'
import { specId, type TaskRecord } from '../state/records.js'

/** Pending tasks that ask for the same: those of one service and spec version. */
export interface PendingGroup {
  /** The ID of their spec. */
  readonly key: string
  readonly serviceId: string
  readonly specVersion: number
  readonly tasks: Map<string, TaskRecord>
  /** Something in the group itself is new: it must be looked at. */
  dirty: boolean
  /** The node set's revisions, and the time, when it was last looked at. */
  lookedRevision: number
  lookedFreedRevision: number
  lookedAtMs: number
}

/**
 * The tasks that wait for a node. A task is `taken` while a decision on it is being committed:
 * it is then left alone until the outcome is known.
 */
export class PendingTasks {
  readonly #groups = new Map<string, PendingGroup>()
  readonly #groupOfTask = new Map<string, PendingGroup>()
  readonly #taken = new Set<string>()

  groups(): Iterable<PendingGroup> {
    return this.#groups.values()
  }

  get size(): number {
    return this.#groupOfTask.size
  }

  /** Follows a task's record. @returns whether there is something new to look at */
  update(taskId: string, task: TaskRecord | undefined): boolean {
    const known = this.#groupOfTask.get(taskId)
    if (task === undefined || !isPending(task)) {
      this.#remove(taskId, known)
      return false
    }
    const key = specId(task.ServiceID, task.Shoal.SpecVersion)
    if (known && known.key !== key) this.#remove(taskId, known)
    const group = this.#groupFor(key, task)
    const before = group.tasks.get(taskId)
    group.tasks.set(taskId, task)
    this.#groupOfTask.set(taskId, group)
    if (before === undefined || asksOtherwise(before, task)) group.dirty = true
    return group.dirty
  }

  /** Has a group looked at again; a spec, for example, was missing and is there now. */
  markDirty(key: string): boolean {
    const group = this.#groups.get(key)
    if (group) group.dirty = true
    return group !== undefined
  }

  take(taskId: string): void {
    this.#taken.add(taskId)
  }

  release(taskId: string): void {
    this.#taken.delete(taskId)
  }

  /** The tasks of a group that nobody works on; the group may change meanwhile. */
  *free(group: PendingGroup): Generator<TaskRecord> {
    for (const task of group.tasks.values()) if (!this.#taken.has(task.ID)) yield task
  }

  #groupFor(key: string, task: TaskRecord): PendingGroup {
    const known = this.#groups.get(key)
    if (known) return known
    const group: PendingGroup = {
      key,
      serviceId: task.ServiceID,
      specVersion: task.Shoal.SpecVersion,
      tasks: new Map(),
      dirty: true,
      lookedRevision: -1,
      lookedFreedRevision: -1,
      lookedAtMs: 0,
    }
    this.#groups.set(key, group)
    return group
  }

  #remove(taskId: string, group: PendingGroup | undefined): void {
    if (group === undefined) return
    group.tasks.delete(taskId)
    this.#groupOfTask.delete(taskId)
    if (group.tasks.size === 0) this.#groups.delete(group.key)
  }
}

/** Whether the scheduler is to find a node: the allocator is done, and somebody still wants the task. */
export function isPending(task: TaskRecord): boolean {
  return task.Status.State === 'pending' && isDesiredAlive(task.DesiredState)
}

function asksOtherwise(before: TaskRecord, after: TaskRecord): boolean {
  return (
    before.NodeID !== after.NodeID ||
    before.DesiredState !== after.DesiredState ||
    before.Shoal.Replaces !== after.Shoal.Replaces
  )
}
