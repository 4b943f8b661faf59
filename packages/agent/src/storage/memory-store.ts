import type { AssignmentRecord, AssignmentStore } from './assignment-store.js'

/** Keeps assignments in memory: for tests. It outlives the worker that uses it, as a disk does. */
export class MemoryAssignmentStore implements AssignmentStore {
  readonly records = new Map<string, AssignmentRecord>()
  /** Whether it takes nothing, as a full disk does; removals succeed on it. */
  refuses = false

  load(): Promise<AssignmentRecord[]> {
    return Promise.resolve(structuredClone([...this.records.values()]))
  }

  put(records: readonly AssignmentRecord[]): Promise<void> {
    if (this.refuses) return Promise.reject(new Error('ENOSPC: no space left on device, write'))
    for (const record of records) this.records.set(record.task.ID, structuredClone(record))
    return Promise.resolve()
  }

  remove(taskIds: readonly string[]): Promise<void> {
    for (const id of taskIds) this.records.delete(id)
    return Promise.resolve()
  }
}
