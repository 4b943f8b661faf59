import { isBefore, isDesiredAlive, isTerminal, type Clock } from '@shoal/common'
import { inTurns } from '../../loops/in-turns.js'
import type { TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'

/** Tasks that wait for a node, and of which all nodes think the same, or nearly. */
export interface Sort {
  /** The one with the lowest slot. */
  readonly speaker: TaskRecord
  readonly tasks: number
}

/** How the tasks of a service stand that are to run. */
export interface Census {
  /** How many have no node yet. */
  readonly waiting: number
  /** How many have one. */
  readonly placed: number
  /** Those that wait, by the slots of their speakers. */
  readonly sorts: readonly Sort[]
  readonly firstPlaced: TaskRecord | undefined
  /** The newest of all tasks, if it has ended and not as it should. */
  readonly lastFailed: TaskRecord | undefined
}

const FAILURES: ReadonlySet<string> = new Set(['failed', 'rejected', 'orphaned'])

/** Looks through the tasks of a service, of which there may be very many. */
export async function takeCensus(
  { state, clock }: { readonly state: StateView; readonly clock: Clock },
  serviceId: string,
): Promise<Census> {
  const sorts = new Map<string, Sort>()
  let firstPlaced: TaskRecord | undefined
  let newest: TaskRecord | undefined
  let waiting = 0
  let placed = 0
  await inTurns(clock, state.tasksOfService(serviceId), (task) => {
    if (!newest || task.CreatedAt > newest.CreatedAt) newest = task
    if (!isWanted(task)) return
    if (isWaiting(task)) {
      waiting++
      const key = keyOf(task)
      const known = sorts.get(key)
      sorts.set(key, { speaker: first(task, known?.speaker), tasks: (known?.tasks ?? 0) + 1 })
    } else {
      placed++
      firstPlaced = first(task, firstPlaced)
    }
  })
  const inOrder = [...sorts.values()].sort((a, b) => compare(a.speaker, b.speaker))
  const lastFailed = newest && FAILURES.has(newest.Status.State) ? newest : undefined
  return { waiting, placed, sorts: inOrder, firstPlaced, lastFailed }
}

/** Whether the task is to run, now or when its turn comes. */
export function isWanted(task: TaskRecord): boolean {
  return isDesiredAlive(task.DesiredState) && !isTerminal(task.Status.State)
}

/** Whether the task has no node yet. */
export function isWaiting(task: TaskRecord): boolean {
  return isBefore(task.Status.State, 'assigned')
}

/** Where the task is that one replaces makes a difference there only. */
function keyOf({ Status: status, NodeID: nodeId, DesiredState: desired, Shoal: own }: TaskRecord): string {
  return `${status.State} ${desired} ${own.SpecVersion} ${nodeId ?? ''} ${own.Replaces === undefined}`
}

function first(task: TaskRecord, other: TaskRecord | undefined): TaskRecord {
  return other && compare(other, task) <= 0 ? other : task
}

function compare(a: TaskRecord, b: TaskRecord): number {
  return (a.Slot ?? 0) - (b.Slot ?? 0) || a.CreatedAt.localeCompare(b.CreatedAt)
}
