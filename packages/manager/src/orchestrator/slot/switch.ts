import { isAtLeast } from '@shoal/common'
import type { TaskRecord } from '../../state/records.js'
import { stop, type Action } from '../actions.js'
import type { ServiceContext } from '../context.js'
import { mustMove } from '../drain/fitness.js'
import { newTask } from '../new-task.js'
import { isDue, isGone, isRunning, isUnassigned, isUnplaceable } from '../task-facts.js'
import { isOutdated } from '../update/slot-progress.js'
import type { Slot } from './slot.js'
import type { SlotStep } from './step.js'
import { desiredBeside, inherited, keptVersion } from './successor.js'
import { isUnwanted } from './unwanted.js'

/** The step of a slot in which `newest` is to take the place of `old`, and both are still wanted. */
export function stepSwitch(
  context: ServiceContext,
  slot: Slot,
  newest: TaskRecord,
  old: TaskRecord,
): SlotStep {
  if (isGone(context.view, old))
    return { actions: takeOver(context, newest, old), ...wakeWhenDue(context, newest) }
  if (isPointless(context, newest, old)) return { actions: [stop(newest)] }
  if (slot.mayCreate && mustMove(context, newest)) return { actions: makeAnew(context, slot, newest, old) }
  if (!isDue(newest, context.now)) return { actions: [], ...wakeWhenDue(context, newest) }
  if (isOfOtherOrder(context, newest, old)) {
    return { actions: slot.mayCreate ? makeAnew(context, slot, newest, old) : [] }
  }
  return {
    actions: context.order === 'start-first' ? startFirst(newest, old) : stopFirst(context, newest, old),
  }
}

/** The old task has ended or was lost by itself: its successor is what there is. */
function takeOver({ now }: ServiceContext, newest: TaskRecord, old: TaskRecord): Action[] {
  const actions: Action[] = [stop(old)]
  if (newest.DesiredState !== 'running' && isDue(newest, now)) {
    actions.push({ type: 'desire', task: newest, desired: 'running' })
  }
  return actions
}

function startFirst(newest: TaskRecord, old: TaskRecord): Action[] {
  if (newest.DesiredState !== 'running') return [{ type: 'desire', task: newest, desired: 'running' }]
  return isRunning(newest) ? [stop(old)] : []
}

/**
 * The new task is prepared before the old one is stopped. Where the old one has to leave its node and no other
 * node can take the new one, waiting would only keep the node from being emptied.
 */
function stopFirst(context: ServiceContext, newest: TaskRecord, old: TaskRecord): Action[] {
  const isPrepared = isAtLeast(newest.Status.State, 'ready')
  const isInTheWay = isUnplaceable(newest) && mustMove(context, old)
  return isPrepared || isInTheWay ? [stop(old)] : []
}

/** Whether `newest` has not taken over yet, and what it was made from is not what is to take over. */
export function isToBeDiscarded(
  context: ServiceContext,
  newest: TaskRecord,
  old: TaskRecord,
  isTurn: boolean,
): boolean {
  if (isGone(context.view, old)) return false
  return isUnwanted(context, newest, old) || (isTurn && isOutdated(context, newest))
}

/** Gives `newest` up; where it is the slot's turn, what is wanted follows at once. */
export function discard(
  context: ServiceContext,
  slot: Slot,
  newest: TaskRecord,
  old: TaskRecord,
  isTurn: boolean,
): Action[] {
  const actions: Action[] = [stop(newest)]
  if (!isTurn || !slot.mayCreate || !isOutdated(context, old)) return actions
  const desired = desiredBeside(context, old, undefined)
  const version = context.specs.target
  const task = newTask(context, { slot, version, desired, shoal: { Replaces: old.ID } })
  return [...actions, { type: 'create', task }]
}

/** It was made to move the task, and the old node will do again. */
function isPointless(context: ServiceContext, newest: TaskRecord, old: TaskRecord): boolean {
  const isMove = newest.Shoal.SpecVersion === old.Shoal.SpecVersion
  return isMove && !isRunning(newest) && !mustMove(context, old)
}

/**
 * Whether `newest` began under the other order, and cannot go on under this one: with start-first it must not
 * count on the room of `old`, with stop-first it must not run before `old` has ended.
 */
function isOfOtherOrder(context: ServiceContext, newest: TaskRecord, old: TaskRecord): boolean {
  if (context.order === 'start-first') return countsOnOld(context, newest, old)
  return newest.DesiredState === 'running' && !isRunning(newest)
}

/**
 * Whether `newest` was placed on what `old` holds, as tasks are that wait for the end of another: both cannot run
 * there. So it is when the order has become another meanwhile, or when it waited for the delay of a restart.
 */
function countsOnOld({ view }: ServiceContext, newest: TaskRecord, old: TaskRecord): boolean {
  if (isAtLeast(newest.DesiredState, 'running') || isUnassigned(newest)) return false
  if (newest.NodeID !== old.NodeID) return false
  const spec = view.specOf(newest)
  const {
    NanoCPUs = 0,
    MemoryBytes = 0,
    GenericResources = [],
  } = spec?.TaskTemplate.Resources?.Reservations ?? {}
  const holdsPort = spec?.EndpointSpec?.Ports?.some(
    ({ PublishMode, PublishedPort }) => PublishMode === 'host' && PublishedPort,
  )
  return NanoCPUs > 0 || MemoryBytes > 0 || GenericResources.length > 0 || holdsPort === true
}

/** The same once more, to be placed anew. */
function makeAnew(context: ServiceContext, slot: Slot, newest: TaskRecord, old: TaskRecord): Action[] {
  const version = keptVersion(context, newest)
  const shoal = { ...inherited(newest, version), Replaces: old.ID }
  const desired = desiredBeside(context, old, shoal.StartAfterMs)
  return [stop(newest), { type: 'create', task: newTask(context, { slot, version, desired, shoal }) }]
}

function wakeWhenDue({ now }: ServiceContext, task: TaskRecord): { wakeAtMs?: number } {
  return isDue(task, now) ? {} : { wakeAtMs: task.Shoal.StartAfterMs ?? now }
}
