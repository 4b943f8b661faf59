import { messageOf, type Logger } from '@shoal/common'
import { hostDocumentName, type AssignedTask, type HostDocument } from '@shoal/engine-api'
import type { Assignments__Output } from '@shoal/proto'
import { AssignmentReader } from './assignment-reader.js'
import { Lane } from './lane.js'
import type { AssignmentHandler, DocumentHandler } from './ports.js'

export interface IntakeOptions {
  readonly onAssignments: AssignmentHandler
  /** Outlives the session: what it is busy with may take its time, and a new session does not wait for it. */
  readonly documents: Lane<HostDocument>
  /** Writes that all up to this sequence number is in force, and calls `sent` once the connection has taken it. */
  readonly acknowledge: (sequence: number, sent: () => void) => void
  /** The tasks could not be taken: the session has to begin anew. */
  readonly failed: (error: unknown) => void
}

/**
 * Takes the assignments of one session in. Tasks and documents do not wait for one another; a sequence number is
 * acknowledged when both have come that far. One acknowledgement is under way at a time, and only the latest counts.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #reader = new AssignmentReader()
  readonly #tasks: Lane<AssignedTask>
  #tasksTaken = 0
  #documentsTaken = 0
  #acknowledged = 0
  #underWay = false

  constructor(options: IntakeOptions) {
    this.#options = options
    const { onAssignments } = options
    this.#tasks = new Lane({
      replaceAll: (tasks) => onAssignments.replaceAll(tasks),
      change: (put, removedTaskIds) => onAssignments.change({ put, removedTaskIds }),
      failed: (error) => {
        this.#tasks.close()
        options.failed(error)
      },
    })
  }

  /** @throws ShoalError `out-of-sequence`, `invalid-argument`: see AssignmentReader */
  take(message: Assignments__Output): void {
    const reading = this.#reader.read(message)
    if (reading.kind === 'partial') return
    const complete = reading.kind === 'complete'
    this.#options.documents.add(complete, reading.documents, () => {
      this.#documentsTaken = reading.sequence
      this.#acknowledge()
    })
    this.#tasks.add(complete, reading.tasks, () => {
      this.#tasksTaken = reading.sequence
      this.#acknowledge()
    })
  }

  /** Resolves when all tasks that were taken in have been handed on. */
  idle(): Promise<void> {
    return this.#tasks.idle()
  }

  #acknowledge(): void {
    const sequence = Math.min(this.#tasksTaken, this.#documentsTaken)
    if (this.#underWay || sequence <= this.#acknowledged) return
    this.#acknowledged = sequence
    this.#underWay = true
    this.#options.acknowledge(sequence, () => {
      this.#underWay = false
      this.#acknowledge()
    })
  }
}

/** The way of the documents to their handler, for all sessions of an agent. */
export function documentLane(handler: DocumentHandler, log: Logger): Lane<HostDocument> {
  return new Lane({
    replaceAll: (documents) => handler.replaceAll(documents),
    change: (put, removed) => handler.change(put, removed.map(hostDocumentName)),
    failed: (error) => log.warn({ reason: messageOf(error) }, 'the network is not as the manager wants it'),
  })
}
