import type { TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'

/** What Docker's filter `health` tells apart. */
export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy'
export const HEALTHS: readonly Health[] = ['none', 'starting', 'healthy', 'unhealthy']

/** What agents say of a container that they stopped because its health check failed. */
export const UNHEALTHY = 'unhealthy container'

/** Whether the service asks for a health check: of its findings the state tells. */
export function hasHealthCheck(state: StateView, task: TaskRecord): boolean {
  const test = state.specOf(task)?.TaskTemplate?.ContainerSpec?.Healthcheck?.Test ?? []
  return test.length > 0 && test[0] !== 'NONE'
}

/** A task with a health check runs from its first success on, and ends when it fails for good. */
export function healthOf(state: StateView, task: TaskRecord): Health {
  if (!hasHealthCheck(state, task)) return 'none'
  if (task.Status.Err === UNHEALTHY) return 'unhealthy'
  return task.Status.State === 'starting' ? 'starting' : 'healthy'
}
