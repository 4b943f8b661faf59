import { stateRank } from '@shoal/common'
import type { TaskRecord } from '../../state/records.js'
import { letGo, type Unit } from '../actions.js'
import type { ServiceContext } from '../context.js'
import { groupTasks, readSlot, type Slot } from '../slot/slot.js'
import { isGone, isRunning } from '../task-facts.js'

/** The places that a service should have, and what is to be done about those that it should not. */
export interface Layout {
  readonly slots: readonly Slot[]
  readonly release: readonly Unit[]
}

/** The slots of a replicated service: the lowest free numbers are filled, the least useful slots are given up. */
export function replicatedLayout(context: ServiceContext, tasks: Iterable<TaskRecord>): Layout {
  const replicas = context.service.Spec.Mode?.Replicated?.Replicas ?? 1
  const groups = groupTasks(tasks)
  const all = [...groups].map(([key, group]) => slotOf(Number(key), group))
  const occupied = all.filter((slot) => slot.newest ?? slot.resting)
  const kept = new Set(occupied)
  for (const slot of surplusSlots(occupied, occupied.length - replicas)) kept.delete(slot)

  const slots = new Map([...kept].map((slot) => [slot.number ?? 0, slot]))
  for (let number = 1; slots.size < replicas; number++) {
    const group = groups.get(String(number)) ?? []
    // What leaves after a scale-down may still run: no second container of its slot beside it.
    const isFree = group.every((task) => isGone(context.view, task))
    if (isFree && !slots.has(number)) slots.set(number, slotOf(number, group))
  }
  const release = all
    .filter((slot) => !slots.has(slot.number ?? 0))
    .map((slot) => slot.tasks.flatMap((task) => letGo(context.view, task)))
  return { slots: [...slots.values()].sort(byNumber), release }
}

function slotOf(number: number, tasks: readonly TaskRecord[]): Slot {
  return readSlot({ key: String(number), number, mayCreate: true }, tasks)
}

function byNumber(one: Slot, other: Slot): number {
  return (one.number ?? 0) - (other.number ?? 0)
}

/** Which slots to give up: those that do not run, then those on the nodes that have most; the highest numbers first. */
function surplusSlots(slots: readonly Slot[], count: number): Slot[] {
  if (count <= 0) return []
  const idle = slots.filter((slot) => !runs(slot)).sort(leastAdvancedFirst)
  const chosen = idle.slice(0, count)
  const byNode = new Map<string, Slot[]>()
  for (const slot of slots.filter(runs).sort(byNumber)) {
    const node = runningTask(slot)?.NodeID ?? ''
    byNode.set(node, [...(byNode.get(node) ?? []), slot])
  }
  while (chosen.length < count) {
    const fullest = [...byNode.values()].reduce(fuller, [])
    const slot = fullest.pop()
    if (!slot) break
    chosen.push(slot)
  }
  return chosen
}

/** Of two nodes' slots, the list that is longer, or else has the higher slot at its end. */
function fuller(one: Slot[], other: Slot[]): Slot[] {
  if (one.length !== other.length) return one.length > other.length ? one : other
  return (one.at(-1)?.number ?? 0) > (other.at(-1)?.number ?? 0) ? one : other
}

function leastAdvancedFirst(one: Slot, other: Slot): number {
  return progress(one) - progress(other) || byNumber(other, one)
}

/** How near the slot is to running; one whose task has ended is the furthest from it. */
function progress({ newest }: Slot): number {
  const rank = newest ? stateRank(newest.Status.State) : -1
  return rank > stateRank('running') ? -1 : rank
}

function runs(slot: Slot): boolean {
  return runningTask(slot) !== undefined
}

function runningTask({ newest, old }: Slot): TaskRecord | undefined {
  return [newest, old].find((task) => task && isRunning(task))
}
