import type { AssignedTask } from '@shoal/engine-api'
import type { Assignments__Output } from '@shoal/proto'
import { ShoalError } from '@shoal/common'
import type { AssignmentChange } from './ports.js'

export type Reading =
  /** The complete set goes on in the next message. */
  | { readonly kind: 'partial' }
  | { readonly kind: 'complete'; readonly tasks: readonly AssignedTask[] }
  | ({ readonly kind: 'change' } & AssignmentChange)

/** Puts the messages of one session together, and makes sure that none is missing. */
export class AssignmentReader {
  #sequence = 0
  /** The complete set as far as it has come; undefined once it was complete. */
  #gathering: Map<string, AssignedTask> | undefined = new Map()

  /** @throws ShoalError `out-of-sequence` when a message is missing, `invalid-argument` when one makes no sense */
  read(message: Assignments__Output): Reading {
    const expected = this.#sequence + 1
    if (message.sequence !== expected) {
      throw new ShoalError(
        'out-of-sequence',
        `assignments ${message.sequence} came where ${expected} was due`,
      )
    }
    this.#sequence = expected
    const put = message.put.map(({ taskId, taskJson }) => parseTask(taskId, taskJson))
    if (!this.#gathering) {
      if (message.complete) throw new ShoalError('invalid-argument', 'a second complete set in one session')
      return { kind: 'change', put, removedTaskIds: message.removedTaskIds }
    }
    if (!message.complete) throw new ShoalError('invalid-argument', 'an increment before the complete set')
    for (const task of put) this.#gathering.set(task.ID, task)
    for (const taskId of message.removedTaskIds) this.#gathering.delete(taskId)
    if (message.more) return { kind: 'partial' }
    const tasks = [...this.#gathering.values()]
    this.#gathering = undefined
    return { kind: 'complete', tasks }
  }
}

function parseTask(taskId: string, json: string): AssignedTask {
  try {
    return JSON.parse(json) as AssignedTask
  } catch (error) {
    throw new ShoalError('invalid-argument', `malformed assignment of task ${taskId}`, error)
  }
}
