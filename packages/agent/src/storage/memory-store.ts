import type { AssignmentRecord, AssignmentStore } from './assignment-store.js'

/** Keeps assignments in memory, as the text that a disk would hold: for tests. It outlives the worker that uses it. */
export class MemoryAssignmentStore implements AssignmentStore {
  /** Whether it takes nothing, as a full disk does; removals succeed on it. */
  refuses = false
  readonly #texts = new Map<string, string>()

  /** What is kept, by the ID of the task: read anew at every call. */
  get records(): ReadonlyMap<string, AssignmentRecord> {
    return new Map(
      Array.from(this.#texts, ([taskId, text]) => [taskId, JSON.parse(text) as AssignmentRecord] as const),
    )
  }

  load(): Promise<AssignmentRecord[]> {
    return Promise.resolve([...this.records.values()])
  }

  put(records: readonly AssignmentRecord[]): Promise<void> {
    if (this.refuses) return Promise.reject(new Error('ENOSPC: no space left on device, write'))
    for (const record of records) this.#texts.set(record.task.ID, JSON.stringify(record))
    return Promise.resolve()
  }

  remove(taskIds: readonly string[]): Promise<void> {
    for (const id of taskIds) this.#texts.delete(id)
    return Promise.resolve()
  }
}
