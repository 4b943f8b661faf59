import { Fifo } from '../state/fifo.js'
import type { TaskNote } from './task-notes.js'

/**
 * The notes of tasks whose decisions are on their way into the store. They are mostly heard of in the order in which
 * they were sent: then the note of a task that is heard of need not be looked for.
 */
export class SentNotes {
  readonly #notes = new Fifo<TaskNote>()

  get size(): number {
    return this.#notes.size
  }

  /** @param note of a task that is `taken` */
  add(note: TaskNote): void {
    this.#notes.add(note)
  }

  /**
   * A task is heard of.
   * @returns its note, once, if it comes next of those that were sent
   */
  heardOf(taskId: string): TaskNote | undefined {
    let { first } = this.#notes
    // Of one that was refused the outcome may have come before that of others.
    for (; first && !first.taken; first = this.#notes.first) this.#notes.take()
    return first?.task?.ID === taskId ? this.#notes.take() : undefined
  }
}
