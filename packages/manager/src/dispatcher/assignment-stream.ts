import type { CancelTimer, Clock, Logger } from '@shoal/common'
import type { Assignment, Assignments } from '@shoal/proto'
import type { StateView } from '../state/view.js'
import { assignedTask, isAssignedTo } from './assigned-task.js'

/** Changes of this long are gathered into one increment, in milliseconds. */
const GATHER_MS = 3
/** A message ends after this much JSON text: gRPC takes 4 MiB, and a character may take three bytes. */
const MESSAGE_CHARACTERS = 512 * 1024

export interface AssignmentStreamOptions {
  readonly view: StateView
  readonly nodeId: string
  readonly clock: Clock
  readonly log: Logger
  /** Writes one message, and calls `sent` once the connection has taken it. */
  readonly send: (message: Assignments, sent: () => void) => void
}

/**
 * Tells one session what its node is to run: the complete set, then its increments. It remembers only which
 * tasks it has yet to look at; the documents are made when they are sent. Invariants: at most one message is
 * under way, so a slow agent costs no memory; a task touched while its message is under way is sent again.
 */
export class AssignmentStream {
  readonly #options: AssignmentStreamOptions
  /** The tasks that the agent has to hear of, whichever way: put, or removed. */
  readonly #dirty = new Set<string>()
  #sequence = 0
  #phase: 'complete-set' | 'increments' | 'stopped' = 'complete-set'
  #underWay = false
  #cancelGather: CancelTimer | undefined

  constructor(options: AssignmentStreamOptions) {
    this.#options = options
  }

  /** Sends the complete set as it stands now. */
  start(): void {
    const { view, nodeId } = this.#options
    for (const task of view.tasksOfNode(nodeId)) if (isAssignedTo(task, nodeId)) this.#dirty.add(task.ID)
    this.#pump()
  }

  /** The agent has to hear of this task. */
  touch(taskId: string): void {
    if (this.#phase === 'stopped') return
    this.#dirty.add(taskId)
    this.#cancelGather ??= this.#options.clock.setTimer(GATHER_MS, () => {
      this.#cancelGather = undefined
      this.#pump()
    })
  }

  stop(): void {
    this.#phase = 'stopped'
    this.#cancelGather?.()
    this.#dirty.clear()
  }

  #pump(): void {
    if (this.#underWay || this.#phase === 'stopped') return
    if (this.#phase === 'increments' && this.#dirty.size === 0) return
    const complete = this.#phase === 'complete-set'
    const content = this.#takeContent()
    const more = complete && this.#dirty.size > 0
    if (complete && !more) this.#phase = 'increments'
    if (!complete && content.put.length + content.removedTaskIds.length === 0) return
    this.#underWay = true
    const documents = { putDocuments: [], removedDocuments: [] }
    this.#options.send({ sequence: ++this.#sequence, complete, more, ...content, ...documents }, () => {
      this.#underWay = false
      this.#pump()
    })
  }

  /** As much as fits into one message of what is to be told. */
  #takeContent(): { put: Assignment[]; removedTaskIds: string[] } {
    const { view, nodeId, log } = this.#options
    const put: Assignment[] = []
    const removedTaskIds: string[] = []
    let characters = 0
    for (const taskId of this.#dirty) {
      if (characters >= MESSAGE_CHARACTERS) break
      this.#dirty.delete(taskId)
      const task = view.get('task', taskId)
      if (!isAssignedTo(task, nodeId)) {
        removedTaskIds.push(taskId)
        characters += taskId.length
        continue
      }
      const document = assignedTask(view, task)
      if (!document) {
        log.error({ taskId, specVersion: task.Shoal.SpecVersion }, 'task names a spec that does not exist')
        continue
      }
      const taskJson = JSON.stringify(document)
      put.push({ taskId, taskJson })
      characters += taskJson.length
    }
    return { put, removedTaskIds }
  }
}
