import type { OwnContainer } from '../executor/port.js'

/** What is assigned to this host, as far as the clean-up needs to know it. */
export interface Assigned {
  readonly taskIds: ReadonlySet<string>
  /** The services that have a task here. */
  readonly serviceIds: ReadonlySet<string>
}

/**
 * The containers that are to go: those of tasks that nobody asks for any more. Of each slot of a service that
 * still has a task here the newest ended one stays, so that the logs of what failed can be read; docs/task-model.md
 * bounds the history, and this bounds the disk: at most one left-over container for each slot. Pure.
 */
export function superfluous(containers: readonly OwnContainer[], assigned: Assigned): OwnContainer[] {
  const unasked = containers.filter(({ taskId }) => !assigned.taskIds.has(taskId))
  const newest = new Map<string, OwnContainer>()
  for (const container of unasked) {
    if (container.phase !== 'ended' || !assigned.serviceIds.has(container.serviceId)) continue
    const kept = newest.get(slotOf(container))
    if (!kept || kept.createdAtSeconds <= container.createdAtSeconds) newest.set(slotOf(container), container)
  }
  return unasked.filter((container) => newest.get(slotOf(container)) !== container)
}

/** A task's name without the task: `web.3`. */
function slotOf({ taskName }: OwnContainer): string {
  return taskName.slice(0, taskName.lastIndexOf('.'))
}
