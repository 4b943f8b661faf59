import type { AssignedTask } from '@shoal/engine-api'
import type { TaskNetworking } from '../executor/port.js'

/** What the life of a task needs of the host's network. */
export interface TaskNetworks {
  /** What the task still has to wait for, in words; undefined when nothing is missing. */
  missing(task: AssignedTask): string | undefined
  /**
   * Resolves when all networks of the task are in force on this host.
   * @returns what its container is to be created with; undefined for a task without networks of the cluster
   * @throws ShoalError failed-precondition when this host cannot have them, with the reason; what `signal` says
   */
  join(task: AssignedTask, signal: AbortSignal): Promise<TaskNetworking | undefined>
  /** The container of the task has been started: what is new on the bridges is to be looked at. */
  started(task: AssignedTask): void
  /** Resolves when the connections to the task have come to an end or have had their time. */
  drained(task: AssignedTask, signal: AbortSignal): Promise<void>
}
