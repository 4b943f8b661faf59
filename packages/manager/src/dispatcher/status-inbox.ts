import { isRetryable, isTransient, sleep, type Clock, type Logger } from '@shoal/common'
import { put } from '../state/records.js'
import { transact, type State } from '../state/state.js'
import { withStatuses, type ReportedStatus, type TaskReport } from './statuses.js'

/** Reports that arrive within this time are written together, in milliseconds. */
const GATHER_MS = 2
/** As many tasks go into one write: half of what the store takes at once, so that two travel together. */
const TASKS_PER_COMMIT = 63
/** The pause before statuses are written again that the store did not take, in milliseconds. */
const RETRY_MS = 1_000

export interface StatusInboxOptions {
  readonly state: State
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Takes the statuses that agents report. Chatter is passed on at once; running and the ends of tasks are
 * decisions, and are written, those of all agents together. What the store does not take now is tried again
 * until it does, or this manager is no longer the primary (the agents then tell the next one).
 */
export class StatusInbox {
  readonly #state: State
  readonly #clock: Clock
  readonly #log: Logger
  #pending = new Map<string, ReportedStatus[]>()
  #writing = false

  constructor({ state, clock, log }: StatusInboxOptions) {
    this.#state = state
    this.#clock = clock
    this.#log = log
  }

  /** Takes what the agent of `nodeId` says; what it says of tasks that are not its own is ignored. */
  accept(nodeId: string, reports: readonly TaskReport[], signal: AbortSignal): void {
    for (const { taskId, status } of reports) {
      const task = this.#state.get('task', taskId)
      if (task?.NodeID !== nodeId) {
        this.#log.debug(
          { nodeId, taskId, state: status.State },
          'ignored the status of a task that is not there',
        )
      } else if (isTransient(status.State)) {
        this.#state.observe(taskId, status)
      } else {
        this.#keep(taskId, [status])
      }
    }
    if (this.#pending.size > 0) void this.#writeAll(signal)
  }

  #keep(taskId: string, statuses: readonly ReportedStatus[]): void {
    const kept = this.#pending.get(taskId)
    if (kept) kept.push(...statuses)
    else this.#pending.set(taskId, [...statuses])
  }

  /** Writes until nothing is left; called while it works, it does nothing, for then it will see the new ones. */
  async #writeAll(signal: AbortSignal): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    await sleep(this.#clock, GATHER_MS, signal)
    while (this.#pending.size > 0 && !signal.aborted) {
      const batch = [...this.#pending]
      this.#pending = new Map()
      const writes: Promise<void>[] = []
      for (let from = 0; from < batch.length; from += TASKS_PER_COMMIT) {
        writes.push(this.#write(batch.slice(from, from + TASKS_PER_COMMIT), signal))
      }
      await Promise.all(writes)
    }
    if (signal.aborted) this.#pending.clear()
    this.#writing = false
  }

  async #write(batch: readonly [string, ReportedStatus[]][], signal: AbortSignal): Promise<void> {
    try {
      await transact(this.#state, () => ({ mutations: this.#mutations(batch), result: undefined }))
    } catch (error) {
      if (signal.aborted) return
      if (!isRetryable(error)) {
        this.#log.error(
          { err: error, tasks: batch.map(([taskId]) => taskId) },
          'statuses could not be written',
        )
        return
      }
      this.#log.warn({ err: error, tasks: batch.length }, 'statuses wait for the store')
      for (const [taskId, statuses] of batch) this.#keepFirst(taskId, statuses)
      await sleep(this.#clock, RETRY_MS, signal)
    }
  }

  /** Puts statuses back before those that have come since. */
  #keepFirst(taskId: string, statuses: readonly ReportedStatus[]): void {
    this.#pending.set(taskId, [...statuses, ...(this.#pending.get(taskId) ?? [])])
  }

  #mutations(batch: readonly [string, ReportedStatus[]][]) {
    return batch.flatMap(([taskId, statuses]) => {
      const task = this.#state.get('task', taskId)
      const next = task && withStatuses(task, statuses, this.#clock.now())
      return next ? [put('task', next)] : []
    })
  }
}
