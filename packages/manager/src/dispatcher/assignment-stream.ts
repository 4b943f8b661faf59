import type { CancelTimer, Clock, Logger } from '@shoal/common'
import { hostDocumentName } from '@shoal/engine-api'
import type { Assignment, Assignments, Document, DocumentName } from '@shoal/proto'
import type { StateView } from '../state/view.js'
import { assignedTask, isAssignedTo } from './assigned-task.js'

/** Changes of this long are gathered into one increment, in milliseconds. */
const GATHER_MS = 3
/** A message ends after this much JSON text: gRPC takes 4 MiB, and a character may take three bytes. */
const MESSAGE_CHARACTERS = 512 * 1024

/** What nodes are told beside their tasks. */
export interface DocumentSource {
  /** Every document that the node is to have, by its key: see `hostDocumentKey`. */
  keysFor(nodeId: string): Iterable<string>
  /** The document as it stands; undefined when the node is to have none of this name. */
  textFor(nodeId: string, key: string): string | undefined
}

/** All documents of several sources, whose kinds are not the same. */
export function together(...sources: readonly DocumentSource[]): DocumentSource {
  return {
    *keysFor(nodeId) {
      for (const source of sources) yield* source.keysFor(nodeId)
    },
    textFor(nodeId, key) {
      for (const source of sources) {
        const text = source.textFor(nodeId, key)
        if (text !== undefined) return text
      }
      return undefined
    },
  }
}

/** Which tasks the node is not to hear yet that they are to stop, and who has been told why. */
export interface StopGate {
  withholds(taskId: string): boolean
  /** The message tells the node of this document as it is now. */
  told(nodeId: string, key: string, sequence: number): void
  /** The complete set ends with this message. */
  toldAll(nodeId: string, sequence: number): void
}

export interface AssignmentStreamOptions {
  readonly view: StateView
  readonly nodeId: string
  readonly documents: DocumentSource
  readonly stops: StopGate
  readonly clock: Clock
  readonly log: Logger
  /** Writes one message, and calls `sent` once the connection has taken it. */
  readonly send: (message: Assignments, sent: () => void) => void
}

type Content = Required<Pick<Assignments, 'put' | 'removedTaskIds' | 'putDocuments' | 'removedDocuments'>>

/**
 * Tells one session what its node is to run, and what its network is to be: the complete set, then its increments. It
 * remembers only which tasks and documents it has yet to look at; their text is made when they are sent. Invariants:
 * at most one message is under way, so a slow agent costs no memory; what is touched while its message is under way
 * is sent again; documents go before the tasks that may need them.
 */
export class AssignmentStream {
  readonly #options: AssignmentStreamOptions
  /** The tasks that the agent has to hear of, whichever way: put, or removed. */
  readonly #dirtyTasks = new Set<string>()
  /** The same of documents, by their keys. */
  readonly #dirtyDocuments = new Set<string>()
  #sequence = 0
  #phase: 'complete-set' | 'increments' | 'stopped' = 'complete-set'
  #underWay = false
  #cancelGather: CancelTimer | undefined

  constructor(options: AssignmentStreamOptions) {
    this.#options = options
  }

  /** Sends the complete set as it stands now. */
  start(): void {
    const { view, nodeId, documents } = this.#options
    for (const key of documents.keysFor(nodeId)) this.#dirtyDocuments.add(key)
    for (const task of view.tasksOfNode(nodeId)) {
      if (isAssignedTo(task, nodeId)) this.#dirtyTasks.add(task.ID)
    }
    this.#pump()
  }

  /** The agent has to hear of this task. */
  touch(taskId: string): void {
    if (this.#phase === 'stopped') return
    this.#dirtyTasks.add(taskId)
    this.#pumpSoon()
  }

  /** The agent has to hear of this document. */
  touchDocument(key: string): void {
    if (this.#phase === 'stopped') return
    this.#dirtyDocuments.add(key)
    this.#pumpSoon()
  }

  /** The number that the agent may have acknowledged, if it says that it has `sequence`. */
  limit(sequence: number): number {
    return Math.min(sequence, this.#sequence)
  }

  stop(): void {
    this.#phase = 'stopped'
    this.#cancelGather?.()
    this.#dirtyTasks.clear()
    this.#dirtyDocuments.clear()
  }

  #pumpSoon(): void {
    this.#cancelGather ??= this.#options.clock.setTimer(GATHER_MS, () => {
      this.#cancelGather = undefined
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#underWay || this.#phase === 'stopped') return
    if (this.#phase === 'increments' && !this.#isDirty()) return
    const { nodeId, stops, send } = this.#options
    const complete = this.#phase === 'complete-set'
    const sequence = this.#sequence + 1
    const content = this.#takeContent(sequence)
    const more = complete && this.#isDirty()
    if (!complete && isEmpty(content)) return
    this.#sequence = sequence
    if (complete && !more) {
      this.#phase = 'increments'
      stops.toldAll(nodeId, sequence)
    }
    this.#underWay = true
    send({ sequence, complete, more, ...content }, () => {
      this.#underWay = false
      this.#pump()
    })
  }

  #isDirty(): boolean {
    return this.#dirtyTasks.size + this.#dirtyDocuments.size > 0
  }

  /** As much as fits into one message of what is to be told. */
  #takeContent(sequence: number): Content {
    const content: Content = { put: [], removedTaskIds: [], putDocuments: [], removedDocuments: [] }
    const left = this.#takeDocuments(content, sequence, MESSAGE_CHARACTERS)
    this.#takeTasks(content, left)
    return content
  }

  /** @returns how many characters are left */
  #takeDocuments(content: Content, sequence: number, limit: number): number {
    const { nodeId, documents, stops } = this.#options
    let left = limit
    for (const key of this.#dirtyDocuments) {
      if (left <= 0) break
      this.#dirtyDocuments.delete(key)
      const name: DocumentName & Document = hostDocumentName(key)
      const json = documents.textFor(nodeId, key)
      if (json === undefined) content.removedDocuments.push(name)
      else content.putDocuments.push({ ...name, json })
      stops.told(nodeId, key, sequence)
      left -= key.length + (json?.length ?? 0)
    }
    return left
  }

  #takeTasks(content: Content, limit: number): void {
    const { view, nodeId } = this.#options
    let left = limit
    for (const taskId of this.#dirtyTasks) {
      if (left <= 0) break
      this.#dirtyTasks.delete(taskId)
      const task = view.get('task', taskId)
      if (!isAssignedTo(task, nodeId)) {
        content.removedTaskIds.push(taskId)
        left -= taskId.length
        continue
      }
      const assignment = this.#assignmentOf(taskId)
      if (!assignment) continue
      content.put.push(assignment)
      left -= assignment.taskJson.length
    }
  }

  #assignmentOf(taskId: string): Required<Assignment> | undefined {
    const { view, stops, log } = this.#options
    const task = view.get('task', taskId)
    const isWithheld = stops.withholds(taskId)
    // The agent runs it and was told so: there is nothing new that it may hear.
    if (!task || (isWithheld && this.#phase === 'increments')) return undefined
    const document = assignedTask(view, task, isWithheld)
    if (document) return { taskId, taskJson: JSON.stringify(document) }
    log.error({ taskId, specVersion: task.Shoal.SpecVersion }, 'task names a spec that does not exist')
    return undefined
  }
}

function isEmpty({ put, removedTaskIds, putDocuments, removedDocuments }: Content): boolean {
  return put.length + removedTaskIds.length + putDocuments.length + removedDocuments.length === 0
}
