import type { ClusterRecord, ServiceRecord, SpecRecord, TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { groupTasks, slotKey } from '../slot/slot.js'
import { hasEnded, isAlive, isNodeLost, isUnassigned } from '../task-facts.js'

/** What of one service is of no more use. */
export interface ReaperPlan {
  readonly tasks: readonly TaskRecord[]
  readonly specs: readonly SpecRecord[]
}

const DEFAULT_HISTORY = 5

export function decideReaper(view: StateView, serviceId: string): ReaperPlan {
  const service = view.get('service', serviceId)
  const used = new Set([service?.Shoal.SpecVersion, service?.Shoal.PreviousSpecVersion])
  const past: TaskRecord[] = []
  // In a large service nearly all tasks are wanted: they are only counted.
  for (const task of view.tasksOfService(serviceId)) {
    if (isAlive(task)) used.add(task.Shoal.SpecVersion)
    else past.push(task)
  }
  const tasks = past.length > 0 ? reapedOf(view, service, past, occupiedSlots(view, serviceId)) : []
  const reaped = new Set(tasks)
  for (const task of past) if (!reaped.has(task)) used.add(task.Shoal.SpecVersion)
  return { tasks, specs: [...view.specsOfService(serviceId)].filter((spec) => !used.has(spec.Number)) }
}

function reapedOf(
  view: StateView,
  service: ServiceRecord | undefined,
  past: readonly TaskRecord[],
  occupied: ReadonlySet<string>,
): TaskRecord[] {
  const limit = historyLimit(view, service)
  const tasks: TaskRecord[] = []
  for (const [slot, group] of groupTasks(past)) {
    const finished = group.filter((task) => isFinished(view, task))
    const history = group.filter((task) => !finished.includes(task))
    tasks.push(...finished, ...outdated(history, limit, !occupied.has(slot)))
  }
  return tasks
}

/** The slots that have a wanted task. */
function occupiedSlots(view: StateView, serviceId: string): Set<string> {
  const slots = new Set<string>()
  for (const task of view.tasksOfService(serviceId)) if (isAlive(task)) slots.add(slotKey(task))
  return slots
}

/** Whether a task that is to be removed has nothing left to be stopped, or nobody left to stop it. */
function isFinished(view: StateView, task: TaskRecord): boolean {
  if (task.DesiredState !== 'remove') return false
  return hasEnded(task) || isUnassigned(task) || isNodeLost(view, task)
}

/** The ended tasks of one slot beyond the newest `limit`. The one that says why the slot is empty stays. */
function outdated(history: readonly TaskRecord[], limit: number, isEmpty: boolean): TaskRecord[] {
  const ended = history.filter((task) => hasEnded(task) || isUnassigned(task)).sort(newestFirst)
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

function newestFirst(one: TaskRecord, other: TaskRecord): number {
  if (one.CreatedAt === other.CreatedAt) return 0
  return one.CreatedAt > other.CreatedAt ? -1 : 1
}
