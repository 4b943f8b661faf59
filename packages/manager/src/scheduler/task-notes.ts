import type { Occupant } from './node-info.js'
import type { WaitingTask } from './pending.js'

/** What the scheduler knows of one task: that it waits, or what it takes where. While its assignment is stored, both. */
export interface TaskNote {
  waiting: WaitingTask | undefined
  occupant: Occupant | undefined
}

/** A power of two. */
const SHARDS = 256

/**
 * One table for all who follow tasks: among very many, to find one costs more than most of what is done with it. It is
 * made of many small ones, for a table of a million stands still for a tenth of a second each time it grows.
 */
export class TaskNotes {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, TaskNote>())
  /** What was found last: it is mostly asked for again at once. */
  #latestId = ''
  #latest: TaskNote | undefined

  get(taskId: string): TaskNote | undefined {
    if (taskId === this.#latestId) return this.#latest
    const note = this.#shardOf(taskId).get(taskId)
    this.#remember(taskId, note)
    return note
  }

  make(taskId: string): TaskNote {
    const note: TaskNote = { waiting: undefined, occupant: undefined }
    this.#shardOf(taskId).set(taskId, note)
    this.#remember(taskId, note)
    return note
  }

  /** Says which note of a task is the one, by who need not look for it, before others do. */
  expect(taskId: string, note: TaskNote): void {
    if (!isEmpty(note)) this.#remember(taskId, note)
  }

  /** Says that nothing is known of a task, by who need not look for it, before others do. */
  expectNone(taskId: string): void {
    this.#remember(taskId, undefined)
  }

  #remember(taskId: string, note: TaskNote | undefined): void {
    this.#latestId = taskId
    this.#latest = note
  }

  /** Forgets a task of which there is no more to be known. */
  tidy(taskId: string, note: TaskNote): void {
    if (!isEmpty(note)) return
    this.#shardOf(taskId).delete(taskId)
    this.#remember(taskId, undefined)
  }

  /** By the ends of IDs, which are random. */
  #shardOf(taskId: string): Map<string, TaskNote> {
    const last = taskId.length - 1
    const index = (taskId.charCodeAt(last) * 37 + taskId.charCodeAt(last - 1)) & (SHARDS - 1)
    return this.#shards[index]!
  }
}

/** Such a note is in the table no more. */
function isEmpty({ waiting, occupant }: TaskNote): boolean {
  return waiting === undefined && occupant === undefined
}
