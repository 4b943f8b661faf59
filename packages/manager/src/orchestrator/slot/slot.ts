import type { TaskRecord } from '../../state/records.js'
import { isAlive } from '../task-facts.js'

/** One place of a service, a slot or a node, with its tasks and the roles that they have in it. */
export interface Slot {
  /** The slot's number or the node's ID, as text. */
  readonly key: string
  /** For replicated services. */
  readonly number?: number
  /** For global services. */
  readonly nodeId?: string
  /** False where what runs may stay, but nothing new may come: a paused node. */
  readonly mayCreate: boolean
  readonly tasks: readonly TaskRecord[]
  /** The wanted task that no other wanted task replaces. It may have ended. */
  readonly newest?: TaskRecord
  /** The wanted task that `newest` is to replace: they have not switched yet. */
  readonly old?: TaskRecord
  /** Wanted tasks that have neither role: there should be none. */
  readonly surplus: readonly TaskRecord[]
  /** The ended task after which the slot stays empty. */
  readonly resting?: TaskRecord
}

export type SlotPlace = Pick<Slot, 'key' | 'number' | 'nodeId' | 'mayCreate'>

const NONE: readonly TaskRecord[] = []

export function readSlot(place: SlotPlace, tasks: readonly TaskRecord[]): Slot {
  const alive = tasks.filter(isAlive)
  if (alive.length === 0) {
    const rested = tasks.filter((task) => task.Shoal.Rests && task.DesiredState === 'shutdown')
    return { tasks, surplus: NONE, ...place, ...(rested.length > 0 && { resting: rested.reduce(better) }) }
  }
  const [only] = alive
  // The place comes last, so that all of these many have one shape: see withFields.
  if (only && alive.length === 1) return { tasks, newest: only, surplus: NONE, ...place }
  const replaced = new Set(alive.map((task) => task.Shoal.Replaces))
  const heads = alive.filter((task) => !replaced.has(task.ID))
  const newest = (heads.length > 0 ? heads : alive).reduce(better)
  const old = alive.find((task) => task.ID === newest.Shoal.Replaces)
  const surplus = alive.filter((task) => task !== newest && task !== old)
  return { tasks, newest, surplus, ...place, ...(old && { old }) }
}

/** The tasks of each slot, or of each node. Tasks that have neither belong nowhere. */
export function groupTasks(tasks: Iterable<TaskRecord>): Map<string, TaskRecord[]> {
  const groups = new Map<string, TaskRecord[]>()
  for (const task of tasks) {
    const key = slotKey(task)
    const group = groups.get(key)
    if (group) group.push(task)
    else groups.set(key, [task])
  }
  return groups
}

export function slotKey(task: TaskRecord): string {
  return task.Slot === undefined ? (task.NodeID ?? '') : String(task.Slot)
}

/** Of two tasks with equal claims: the one that runs, or else the later one; in whatever order they are known. */
function better(one: TaskRecord, other: TaskRecord): TaskRecord {
  const oneRuns = one.Status.State === 'running'
  const otherRuns = other.Status.State === 'running'
  if (oneRuns !== otherRuns) return oneRuns ? one : other
  if (one.CreatedAt !== other.CreatedAt) return one.CreatedAt > other.CreatedAt ? one : other
  return one.ID < other.ID ? one : other
}
