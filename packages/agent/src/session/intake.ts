import { messageOf, type Logger } from '@shoal/common'
import { hostDocumentName, type AssignedTask, type HostDocument } from '@shoal/engine-api'
import type { Assignments__Output } from '@shoal/proto'
import { AssignmentReader } from './assignment-reader.js'
import { Lane } from './lane.js'
import type { AssignmentHandler, DocumentHandler } from './ports.js'

export interface IntakeOptions {
  readonly onAssignments: AssignmentHandler
  readonly onDocuments: DocumentHandler
  /** Writes that all up to this sequence number is in force, and calls `sent` once the connection has taken it. */
  readonly acknowledge: (sequence: number, sent: () => void) => void
  /** The tasks could not be taken: the session has to begin anew. */
  readonly failed: (error: unknown) => void
  readonly log: Logger
}

/**
 * Takes the assignments of one session in. Tasks and documents do not wait for one another; a sequence number is
 * acknowledged when both have come that far. One acknowledgement is under way at a time, and only the latest counts.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #reader = new AssignmentReader()
  readonly #tasks: Lane<AssignedTask>
  readonly #documents: Lane<HostDocument>
  #tasksTaken = 0
  #documentsTaken = 0
  #acknowledged = 0
  #underWay = false

  constructor(options: IntakeOptions) {
    this.#options = options
    const { onAssignments, onDocuments, log } = options
    this.#tasks = new Lane({
      replaceAll: (tasks) => onAssignments.replaceAll(tasks),
      change: (put, removedTaskIds) => onAssignments.change({ put, removedTaskIds }),
      taken: (sequence) => {
        this.#tasksTaken = sequence
        this.#acknowledge()
      },
      failed: (error) => {
        this.#tasks.close()
        options.failed(error)
      },
    })
    this.#documents = new Lane({
      replaceAll: (documents) => onDocuments.replaceAll(documents),
      change: (put, removed) => onDocuments.change(put, removed.map(hostDocumentName)),
      taken: (sequence) => {
        this.#documentsTaken = sequence
        this.#acknowledge()
      },
      failed: (error) => log.warn({ reason: messageOf(error) }, 'the network is not as the manager wants it'),
    })
  }

  /** @throws ShoalError `out-of-sequence`, `invalid-argument`: see AssignmentReader */
  take(message: Assignments__Output): void {
    const reading = this.#reader.read(message)
    if (reading.kind === 'partial') return
    const complete = reading.kind === 'complete'
    this.#documents.add(reading.sequence, complete, reading.documents)
    this.#tasks.add(reading.sequence, complete, reading.tasks)
  }

  /** Resolves when all that was taken in has been handed on. */
  async idle(): Promise<void> {
    await Promise.all([this.#tasks.idle(), this.#documents.idle()])
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
