import { isJob } from '@shoal/engine-api'
import type { ServiceRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { letGo, type Unit } from '../actions.js'
import { createContext, type ServiceContext } from '../context.js'
import { decideJob } from '../jobs/decide.js'
import { globalLayout, isGlobal, nodeIds, placesOn } from '../global/global.js'
import { replicatedLayout, slotsOf } from '../replicated/replicated.js'
import { withMovesFollowed } from '../rebalance/moves.js'
import { isOccupied, type Layout } from '../slot/layout.js'
import { SlotBook, type LeftAlone, type SlotTasks } from '../slot/slot-book.js'
import type { Slot } from '../slot/slot.js'
import { stepSlot, type SlotStep } from '../slot/step.js'
import { hasEnded, isRunning } from '../task-facts.js'
import { failuresOf } from '../update/failures.js'
import { stepRollout } from '../update/rollout.js'
import { slotProgress, type SlotProgress } from '../update/slot-progress.js'

/** What is to be done for one service. */
export interface ServicePlan {
  /** The service's own record, when it has to change: written first, and nothing else without it. */
  readonly service?: ServiceRecord
  /**
   * What gives slots up that are not wanted any more. It comes before all else: which slots these are depends on what
   * the others do, so that of a plan which is only half carried out another slot might have to go.
   */
  readonly release: readonly Unit[]
  /** Each is carried out whole or not at all; none depends on another. */
  readonly units: readonly Unit[]
  /** The slots that need no other look: this counts when all else is stored. Jobs have none. */
  readonly leftAlone?: LeftAlone
  /** When to look again although nothing changed, in milliseconds since the epoch. */
  readonly wakeAtMs?: number
}

/**
 * Decides about all tasks of one service.
 * @param now milliseconds since the epoch
 * @param newId makes the identities of new tasks
 * @param known the service's tasks as somebody has followed them, if it is no job
 */
export function decideService(
  view: StateView,
  serviceId: string,
  now: number,
  newId: () => string,
  known?: SlotTasks,
): ServicePlan {
  const service = view.get('service', serviceId)
  if (!service) {
    const tasks = [...view.tasksOfService(serviceId)]
    return { release: tasks.map((task) => letGo(view, task)).filter(isSomething), units: [] }
  }
  const context = createContext(view, service, now, newId)
  if (isJob(service.Spec)) return decideJob(context, [...view.tasksOfService(serviceId)])
  return decideLayout(context, layoutOf(context, known))
}

function layoutOf(context: ServiceContext, known: SlotTasks | undefined): Layout {
  const { view, service } = context
  const tasks = view.tasksOfService(service.ID)
  if (isGlobal(service)) return globalLayout(context, known ?? SlotBook.of(tasks, () => nodeIds(view)))
  return replicatedLayout(context, known ?? SlotBook.of(tasks))
}

function decideLayout(present: ServiceContext, layout: Layout): ServicePlan {
  const { slots, waiting, release, isPartial } = layout
  const context = withMovesFollowed(present, slots)
  const { service, now } = context
  const progress = progressOf(context, slots)
  const rollout = stepRollout(service, progress, waiting, failuresOf(context, slots), now)
  const record = rollout.service ?? service
  const changed = record !== present.service && { service: record }
  if (rollout.isReplanned) return { ...changed, release: [], units: [] }

  const steps = slots.map((slot) => stepSlot(contextOf(context, slot), slot, rollout.turn.has(slot.key)))
  const again = isPartial ? now : undefined
  const wakeAtMs = earliest([again, rollout.wakeAtMs, ...steps.map((step) => step.wakeAtMs)])
  return {
    ...changed,
    release: release.filter(isSomething),
    units: steps.map((step) => step.actions).filter(isSomething),
    leftAlone: leftAloneOf(context, layout, progress, steps),
    ...(wakeAtMs !== undefined && { wakeAtMs }),
  }
}

function progressOf(context: ServiceContext, slots: readonly Slot[]): SlotProgress[] {
  return slots.filter(isOccupied).map((slot) => slotProgress(context, slot))
}

/**
 * Looks at some slots of a service before anything is decided about it.
 * @param now milliseconds since the epoch
 * @returns those that need no other look until something changes that concerns them, or it is their turn
 */
export function leftAloneAmong(
  view: StateView,
  serviceId: string,
  now: number,
  groups: SlotTasks['groups'],
  keys: readonly string[],
): LeftAlone {
  const service = view.get('service', serviceId)
  if (service === undefined) return { quiet: [], waiting: [] }
  const context = createContext(view, service, now, () => '')
  const looked = isGlobal(service) ? placesOn(context, groups, keys) : { slots: slotsOf(groups, keys) }
  const steps = looked.slots.map((slot) => stepSlot(contextOf(context, slot), slot, false))
  return leftAloneOf(context, looked, progressOf(context, looked.slots), steps)
}

/** A task that a rebalance moves goes only when its successor runs, whatever the order of updates. */
function contextOf(context: ServiceContext, { newest, old }: Slot): ServiceContext {
  const isMoving = [newest, old].some((task) => task && context.moves.has(task.ID))
  return isMoving ? { ...context, order: 'start-first' } : context
}

/** The slots that need no other look until something changes that concerns them, or it is their turn. */
function leftAloneOf(
  context: ServiceContext,
  { slots, idle = [] }: Pick<Layout, 'slots' | 'idle'>,
  progress: readonly SlotProgress[],
  steps: readonly SlotStep[],
): LeftAlone {
  const progressOfSlot = new Map(progress.map((one) => [one.key, one]))
  const { Batch = [], Stuck = [] } = context.service.Shoal.Rollout ?? {}
  const chosen = new Set([...Batch, ...Stuck])
  const [quiet, waiting]: [string[], string[]] = [[...idle], []]
  for (const [index, slot] of slots.entries()) {
    const step = steps[index]
    if (step === undefined || step.actions.length > 0 || step.wakeAtMs !== undefined) continue
    const { isSettled = false, isDirty = false } = progressOfSlot.get(slot.key) ?? {}
    if (isOnItsWay(context, slot, isSettled)) quiet.push(slot.key)
    else if (isDirty && !chosen.has(slot.key) && runsUntilItsTurn(context, slot)) waiting.push(slot.key)
  }
  return { quiet, waiting }
}

/**
 * Whether the slot has the one task that it had before the service's spec became another one. Where only the placement
 * differs, the task's node matters, and the state of the rollout.
 */
function runsUntilItsTurn({ specs }: ServiceContext, { newest, old }: Slot): boolean {
  if (newest?.DesiredState !== 'running' || old) return false
  return isRunning(newest) && specs.likeness(newest.Shoal.SpecVersion) === 'other'
}

/** Whether the slot has the one task that it is to have, which runs, or is left to get there. */
function isOnItsWay({ specs, service }: ServiceContext, slot: Slot, isSettled: boolean): boolean {
  const { newest, old } = slot
  if (newest?.DesiredState !== 'running' || old || hasEnded(newest)) return false
  // Where only the placement differs, the state of the rollout matters as well.
  if (specs.likeness(newest.Shoal.SpecVersion) !== 'same') return false
  if (isRunning(newest)) return isSettled
  // A rollout waits for the slots of its batch.
  return newest.Shoal.Replaces === undefined && service.Shoal.Rollout === undefined
}

function isSomething(unit: Unit): boolean {
  return unit.length > 0
}

function earliest(instants: readonly (number | undefined)[]): number | undefined {
  return instants.reduce(
    (one, other) => (one === undefined || (other !== undefined && other < one) ? other : one),
    undefined,
  )
}
