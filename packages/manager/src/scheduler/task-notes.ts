import type { Occupant } from './node-info.js'
import type { WaitingTask } from './pending.js'

/** What the scheduler knows of one task: that it waits, or what it takes where. While its assignment is stored, both. */
export interface TaskNote {
  waiting: WaitingTask | undefined
  occupant: Occupant | undefined
}

/** One table for all who follow tasks: among very many, to find one costs more than most of what is done with it. */
export class TaskNotes {
  readonly #notes = new Map<string, TaskNote>()

  get(taskId: string): TaskNote | undefined {
    return this.#notes.get(taskId)
  }

  make(taskId: string): TaskNote {
    const note: TaskNote = { waiting: undefined, occupant: undefined }
    this.#notes.set(taskId, note)
    return note
  }

  /** Forgets a task of which there is no more to be known. */
  tidy(taskId: string, note: TaskNote): void {
    if (note.waiting === undefined && note.occupant === undefined) this.#notes.delete(taskId)
  }
}
