import { stateRank } from '@shoal/common'
import type { TaskRecord } from '../../state/records.js'
import { letGo, type Unit } from '../actions.js'
import type { StateView } from '../../state/view.js'
import type { ServiceContext } from '../context.js'
import { isOccupied, type Layout, MOST_FILLED } from '../slot/layout.js'
import type { SlotTasks } from '../slot/slot-book.js'
import { readSlot, type Slot } from '../slot/slot.js'
import { isGone, isRunning } from '../task-facts.js'

/** The slots of a replicated service: the lowest free numbers are filled, the least useful slots are given up. */
export function replicatedLayout({ service, view }: ServiceContext, known: SlotTasks): Layout {
  const { groups, stirred, waiting } = known
  const replicas = service.Spec.Mode?.Replicated?.Replicas ?? 1
  const inMotion = slotsOf(groups, stirred)
  const quiet = groups.size - stirred.size
  if (quiet + inMotion.filter(isOccupied).length <= replicas) {
    return { waiting: waiting.size, ...fill(view, known, inMotion, replicas - quiet) }
  }
  // Which slots are given up depends on all of them.
  const looked = slotsOf(groups, groups.keys())
  const occupied = looked.filter(isOccupied)
  const surplus = new Set(surplusSlots(occupied, occupied.length - replicas))
  const kept = occupied.filter((slot) => !surplus.has(slot))
  return {
    // Those that were to be looked at since it may be their turn may be among the others.
    slots: kept.filter(({ key }) => stirred.has(key) || waiting.has(key)).sort(byNumber),
    waiting: 0,
    release: looked.filter((slot) => !isOccupied(slot) || surplus.has(slot)).map(releaseOf(view)),
  }
}

/**
 * @param inMotion the slots that are not quiet
 * @param wanted how many slots there are to be beside the quiet ones
 */
function fill(
  view: StateView,
  { groups, stirred }: SlotTasks,
  inMotion: readonly Slot[],
  wanted: number,
): Omit<Layout, 'waiting'> {
  const slots = new Map(inMotion.filter(isOccupied).map((slot) => [slot.number ?? 0, slot]))
  const most = Math.min(wanted, slots.size + MOST_FILLED)
  for (let number = 1; slots.size < most; number++) {
    const key = String(number)
    // One that stays as it is is not among them.
    if (slots.has(number) || (groups.has(key) && !stirred.has(key))) continue
    const group = groups.get(key) ?? []
    // What leaves after a scale-down may still run: no second container of its slot beside it.
    if (group.every((task) => isGone(view, task))) slots.set(number, slotOf(number, group))
  }
  const sorted = [...slots.values()].sort(byNumber)
  // Which slots are left over is known when all are filled.
  if (most < wanted) return { slots: sorted, release: [], isPartial: true }
  const release = inMotion.filter((slot) => !slots.has(slot.number ?? 0)).map(releaseOf(view))
  return { slots: sorted, release }
}

function releaseOf(view: StateView): (slot: Slot) => Unit {
  return (slot) => slot.tasks.flatMap((task) => letGo(view, task))
}

export function slotsOf(groups: SlotTasks['groups'], keys: Iterable<string>): Slot[] {
  return Array.from(keys, (key) => slotOf(Number(key), groups.get(key) ?? []))
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
  return idle.length < count
    ? [...idle, ...fullestFirst(slots.filter(runs))].slice(0, count)
    : idle.slice(0, count)
}

/** As they are given up one after the other, each from the node that has most then, and there the highest number. */
function fullestFirst(running: readonly Slot[]): Slot[] {
  const perNode = new Map<string, number>()
  const ranked = running.toSorted(byNumber).map((slot) => {
    const node = runningTask(slot)?.NodeID ?? ''
    const rank = perNode.get(node) ?? 0
    perNode.set(node, rank + 1)
    return { slot, rank }
  })
  return ranked
    .sort((one, other) => other.rank - one.rank || byNumber(other.slot, one.slot))
    .map(({ slot }) => slot)
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
