import type { ClusterRecord, ServiceRecord, SpecRecord, TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { groupTasks } from '../slot/slot.js'
import { hasEnded, isAlive, isNodeLost, isUnassigned } from '../task-facts.js'

/** What of one service is of no more use. */
export interface ReaperPlan {
  readonly tasks: readonly TaskRecord[]
  readonly specs: readonly SpecRecord[]
}

const DEFAULT_HISTORY = 5

export function decideReaper(view: StateView, serviceId: string): ReaperPlan {
  const service = view.get('service', serviceId)
  const all = [...view.tasksOfService(serviceId)]
  const limit = historyLimit(view, service)
  const tasks: TaskRecord[] = []
  for (const group of groupTasks(all).values()) {
    const finished = group.filter((task) => isFinished(view, task))
    tasks.push(
      ...finished,
      ...outdated(
        group.filter((task) => !finished.includes(task)),
        limit,
      ),
    )
  }
  const reaped = new Set(tasks)
  return {
    tasks,
    specs: unusedSpecs(
      view,
      serviceId,
      service,
      all.filter((task) => !reaped.has(task)),
    ),
  }
}

/** Whether a task that is to be removed has nothing left to be stopped, or nobody left to stop it. */
function isFinished(view: StateView, task: TaskRecord): boolean {
  if (task.DesiredState !== 'remove') return false
  return hasEnded(task) || isUnassigned(task) || isNodeLost(view, task)
}

/** The ended tasks of one slot beyond the newest `limit`. The one that says why the slot is empty stays. */
function outdated(group: readonly TaskRecord[], limit: number): TaskRecord[] {
  const isEmpty = !group.some(isAlive)
  const ended = group
    .filter((task) => !isAlive(task) && (hasEnded(task) || isUnassigned(task)))
    .sort(newestFirst)
  const rest = isEmpty ? ended.find((task) => task.Shoal.Rests) : undefined
  return ended.slice(limit).filter((task) => task !== rest)
}

function historyLimit(view: StateView, service: ServiceRecord | undefined): number {
  const limit = configuredLimit(view.cluster())
  if (limit < 0) return Infinity
  // Docker keeps what shows that the attempts are used up.
  const attempts = service?.Spec.TaskTemplate?.RestartPolicy?.MaxAttempts ?? 0
  return attempts > 0 ? Math.max(limit, attempts + 1) : limit
}

function configuredLimit(cluster: ClusterRecord | undefined): number {
  return cluster?.Spec.Orchestration?.TaskHistoryRetentionLimit ?? DEFAULT_HISTORY
}

function unusedSpecs(
  view: StateView,
  serviceId: string,
  service: ServiceRecord | undefined,
  tasks: readonly TaskRecord[],
): SpecRecord[] {
  const used = new Set<number | undefined>(tasks.map((task) => task.Shoal.SpecVersion))
  used.add(service?.Shoal.SpecVersion).add(service?.Shoal.PreviousSpecVersion)
  return [...view.specsOfService(serviceId)].filter((spec) => !used.has(spec.Number))
}

function newestFirst(one: TaskRecord, other: TaskRecord): number {
  if (one.CreatedAt === other.CreatedAt) return 0
  return one.CreatedAt > other.CreatedAt ? -1 : 1
}
