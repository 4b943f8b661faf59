import { isBefore, isTransient, type TaskState } from '@shoal/common'
import type { TaskStatus } from '@shoal/engine-api'
import type { TaskReport } from './ports.js'

/** A batch ends after this much JSON text, well below gRPC's 4 MiB. */
const BATCH_CHARACTERS = 256 * 1024

/**
 * Statuses on their way to the manager. Of a task's passing states only the latest waits here; running and
 * its end are kept beside it, for the manager wants to know of both.
 */
export class Outbox {
  readonly #waiting = new Map<string, readonly TaskStatus[]>()

  get size(): number {
    return this.#waiting.size
  }

  /** One that is no step forward from what waits already is dropped. */
  add({ taskId, status }: TaskReport): void {
    this.#waiting.set(taskId, joined(this.#waiting.get(taskId) ?? [], status))
  }

  /** Takes as many as fit into one message, in the order in which they are to be told. */
  take(): TaskReport[] {
    const batch: TaskReport[] = []
    let characters = 0
    for (const [taskId, statuses] of this.#waiting) {
      if (characters >= BATCH_CHARACTERS) break
      this.#waiting.delete(taskId)
      for (const status of statuses) {
        batch.push({ taskId, status })
        characters += 200 + status.Message.length + (status.Err?.length ?? 0)
      }
    }
    return batch
  }

  /** Puts a batch back that did not get through; what was added since comes after it. */
  putBack(batch: readonly TaskReport[]): void {
    const later = [...this.#waiting]
    this.#waiting.clear()
    for (const report of batch) this.add(report)
    for (const [taskId, statuses] of later) for (const status of statuses) this.add({ taskId, status })
  }
}

function joined(statuses: readonly TaskStatus[], next: TaskStatus): readonly TaskStatus[] {
  const last = statuses.at(-1)
  if (!last) return [next]
  if (!isBefore(stateOf(last), stateOf(next))) return statuses
  return isTransient(stateOf(last)) ? [...statuses.slice(0, -1), next] : [...statuses, next]
}

function stateOf(status: TaskStatus): TaskState {
  return status.State as TaskState
}
