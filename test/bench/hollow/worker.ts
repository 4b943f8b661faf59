import type { AssignmentChange, AssignmentHandler, TaskReport } from '@shoal/agent/session/index'
import { isTerminal, systemClock, toTimestamp, type TaskState } from '@shoal/common'
import type { AssignedTask, TaskStatus } from '@shoal/engine-api'

/** What each desired state makes of a task at once. */
const REACHED: Readonly<Record<string, TaskState>> = {
  ready: 'ready',
  running: 'running',
  shutdown: 'shutdown',
  remove: 'shutdown',
}

/** Takes tasks as the worker does, and pretends: what is to run runs at once, and what is to stop has stopped. */
export class HollowWorker implements AssignmentHandler {
  readonly #tasks = new Map<string, TaskStatus>()
  readonly #report: (taskId: string, status: TaskStatus) => void
  #running = 0

  /** @param report as of a session */
  constructor(report: (taskId: string, status: TaskStatus) => void) {
    this.#report = report
  }

  /** How many tasks run here. */
  get running(): number {
    return this.#running
  }

  replaceAll(tasks: readonly AssignedTask[]): void {
    const named = new Set(tasks.map(({ ID }) => ID))
    const gone = [...this.#tasks.keys()].filter((id) => !named.has(id))
    this.change({ put: tasks, removedTaskIds: gone })
  }

  change({ put, removedTaskIds }: AssignmentChange): void {
    for (const id of removedTaskIds) this.#forget(id)
    for (const task of put) this.#follow(task)
  }

  *statuses(): Iterable<TaskReport> {
    for (const [taskId, status] of this.#tasks) yield { taskId, status }
  }

  #follow({ ID, DesiredState }: AssignedTask): void {
    const State = REACHED[DesiredState]
    const known = this.#tasks.get(ID)?.State as TaskState | undefined
    if (State === undefined || State === known || (known !== undefined && isTerminal(known))) return
    this.#forget(ID)
    const status = { Timestamp: toTimestamp(systemClock.now()), State, Message: State } satisfies TaskStatus
    this.#tasks.set(ID, status)
    if (State === 'running') this.#running++
    this.#report(ID, status)
  }

  #forget(id: string): void {
    if (this.#tasks.get(id)?.State === 'running') this.#running--
    this.#tasks.delete(id)
  }
}
