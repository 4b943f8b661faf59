import { isTerminal, stateRank, type TaskState } from '@shoal/common/task-state'
import type { Node, Service, Task } from '@shoal/engine-api'

/** One place of a service in which a task should run: a replica, a node of a global service, a job's completion. */
export interface Slot {
  /** `2/3` for replicas and completions, the node's name for global services. */
  name: string
  /** The task that counts in this place; undefined while there is none. */
  task: Task | undefined
  /** Whether the place is as it should be: running, or complete for a job. */
  done: boolean
  /** Why it is not done, if a task of this place has said so. */
  reason: string | undefined
}

export interface Look {
  service: Service
  /** The tasks that are up to date with the service's spec. */
  tasks: readonly Task[]
  nodes: readonly Node[]
}

/** The places of a service, in order; undefined while it is not known yet how many there are. */
export function slotsOf(look: Look): Slot[] | undefined {
  const mode = look.service.Spec.Mode ?? {}
  const tasks = look.tasks.filter((task) => belongsToIteration(task, look.service))
  if (mode.Global || mode.GlobalJob) return globalSlots(look, tasks, mode.GlobalJob !== undefined)
  if (mode.ReplicatedJob) return numberedSlots(look, tasks, mode.ReplicatedJob.TotalCompletions ?? 1, true)
  return numberedSlots(look, tasks, mode.Replicated?.Replicas ?? 1, false)
}

function belongsToIteration(task: Task, service: Service): boolean {
  const iteration = service.JobStatus?.JobIteration.Index
  return iteration === undefined || (task.JobIteration?.Index ?? 0) === iteration
}

/** Slot numbers may have gaps; the places are counted from 1 all the same. */
function numberedSlots(look: Look, tasks: readonly Task[], count: number, job: boolean): Slot[] {
  const bySlot = groupBySlot(tasks)
  const down = nodesDown(look.nodes)
  const places = [...bySlot.entries()]
    .map(([slot, members]) => ({ slot, members, task: counting(members, down, job) }))
    .filter(({ task }) => task !== undefined)
    .sort((a, b) => Number(isLeaving(a.task)) - Number(isLeaving(b.task)) || a.slot - b.slot)
  const length = Math.max(count, places.length)
  const slots = Array.from({ length }, (_, index) => {
    const place = places[index]
    return makeSlot(`${index + 1}/${count}`, place?.task, place?.members ?? [], job)
  })
  return slots.filter((slot, index) => index < count || slot.done)
}

/** Slots that are being given up come last, so that they are only shown while there is room for them. */
function isLeaving(task: Task | undefined): boolean {
  return task !== undefined && isTerminal(task.DesiredState as TaskState)
}

function groupBySlot(tasks: readonly Task[]): Map<number, Task[]> {
  const groups = new Map<number, Task[]>()
  for (const task of tasks) groups.set(task.Slot ?? 0, [...(groups.get(task.Slot ?? 0) ?? []), task])
  return groups
}

/** The orchestrator makes the tasks of all nodes at once, so the nodes that have one are the nodes there are. */
function globalSlots(look: Look, tasks: readonly Task[], job: boolean): Slot[] | undefined {
  if (tasks.length === 0) return undefined
  const down = nodesDown(look.nodes)
  const nodeIds = [...new Set(tasks.map((task) => task.NodeID ?? ''))].filter((id) => !down.has(id))
  const hostname = (id: string): string =>
    look.nodes.find((node) => node.ID === id)?.Description.Hostname ?? id.slice(0, 12)
  return nodeIds
    .map((id) => {
      const members = tasks.filter((task) => (task.NodeID ?? '') === id)
      return makeSlot(hostname(id), counting(members, down, job), members, job)
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function makeSlot(name: string, task: Task | undefined, members: readonly Task[], job: boolean): Slot {
  const done = task !== undefined && isDone(task, job)
  return { name, task, done, reason: done ? undefined : reasonOf(task, members) }
}

function isDone(task: Task, job: boolean): boolean {
  if (job) return task.Status.State === 'complete'
  return task.Status.State === 'running' && !isTerminal(task.DesiredState as TaskState)
}

function nodesDown(nodes: readonly Node[]): Set<string> {
  return new Set(nodes.filter((node) => node.Status.State === 'down').map((node) => node.ID))
}

/**
 * Of several tasks in one place, the one that counts: the one wanted most, and among equals the one
 * that is furthest behind. Tasks on nodes that are down, and those that were given up, do not count.
 */
function counting(tasks: readonly Task[], down: ReadonlySet<string>, job: boolean): Task | undefined {
  const order = (task: Task): [number, number] => [
    job ? 0 : stateRank(task.DesiredState as TaskState),
    stateRank(task.Status.State as TaskState),
  ]
  const candidates = tasks.filter(
    (task) => !down.has(task.NodeID ?? '') && !['orphaned', 'remove'].includes(task.Status.State),
  )
  return candidates.toSorted((a, b) => order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1])[0]
}

/** What the counting task says, or else the latest of its predecessors that failed. */
function reasonOf(task: Task | undefined, members: readonly Task[]): string | undefined {
  if (task?.Status.Err) return task.Status.Err
  const failed = members.filter((member) => member.Status.Err && isTerminal(member.Status.State as TaskState))
  return failed.toSorted((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1))[0]?.Status.Err
}
