import { unreachable } from '@shoal/common'
import type { TaskRecord } from '../../state/records.js'
import { stop, type Action } from '../actions.js'
import type { ServiceContext } from '../context.js'
import { mustMove } from '../drain/fitness.js'
import { newTask } from '../new-task.js'
import { decideRestart, decideRetry } from '../restart/restart.js'
import { hasEnded, isDue, isGone, isLost, isRunning, isUnassigned } from '../task-facts.js'
import { isOutdated } from '../update/slot-progress.js'
import type { Slot } from './slot.js'
import { desiredBeside, inherited, keptVersion } from './successor.js'
import { discard, isToBeDiscarded, stepSwitch } from './switch.js'

/** What is to be done in one slot, together, and when to look at it again (milliseconds since the epoch). */
export interface SlotStep {
  readonly actions: readonly Action[]
  readonly wakeAtMs?: number
}

/**
 * The next step of a slot that is wanted.
 * @param isTurn whether the rollout has chosen this slot to change now
 */
export function stepSlot(context: ServiceContext, slot: Slot, isTurn: boolean): SlotStep {
  const step = stepNewest(context, slot, isTurn)
  return slot.surplus.length === 0 ? step : { ...step, actions: [...slot.surplus.map(stop), ...step.actions] }
}

function stepNewest(context: ServiceContext, slot: Slot, isTurn: boolean): SlotStep {
  const { newest, old } = slot
  if (!newest) return { actions: fill(context, slot, isTurn) }
  if (old && isToBeDiscarded(context, newest, old, isTurn)) {
    return { actions: discard(context, slot, newest, old, isTurn) }
  }
  if (isLost(context.view, newest)) return { actions: followLost(context, slot, newest, isTurn) }
  if (hasEnded(newest)) return followEnded(context, slot, newest, isTurn)
  if (old) return stepSwitch(context, slot, newest, old)
  return stepSettled(context, slot, newest, isTurn)
}

/** An empty slot gets its first task, unless the one that it had is to be the last until an update. */
function fill(context: ServiceContext, slot: Slot, isTurn: boolean): Action[] {
  if (!slot.mayCreate) return []
  if (slot.resting && !(isTurn && isOutdated(context, slot.resting))) return []
  // An earlier task has to leave first: the new one may need its ports, and is not to run beside it.
  const before = leaving(context, slot)
  const task = newTask(context, {
    slot,
    version: context.specs.target,
    desired: before ? 'ready' : 'running',
    ...(before && { shoal: { Replaces: before.ID } }),
  })
  return [{ type: 'create', task }]
}

/** The node went away with the task: it was no fault of the task, so another one is due at once. */
function followLost(context: ServiceContext, slot: Slot, lost: TaskRecord, isTurn: boolean): Action[] {
  const actions: Action[] = [{ type: 'desire', task: lost, desired: 'shutdown' }]
  const old = liveOld(context, slot)
  if (slot.old && !old) actions.push(stop(slot.old))
  if (!slot.mayCreate) return actions
  const version = isTurn ? context.specs.target : keptVersion(context, lost)
  const shoal = inherited(lost, version)
  const desired = desiredBeside(context, old ?? leaving(context, slot, lost), shoal.StartAfterMs)
  const task = newTask(context, {
    slot,
    version,
    desired,
    shoal: { ...shoal, ...(old && { Replaces: old.ID }) },
  })
  return [...actions, { type: 'create', task }]
}

function followEnded(context: ServiceContext, slot: Slot, ended: TaskRecord, isTurn: boolean): SlotStep {
  if (!slot.mayCreate) return { actions: [] }
  const old = liveOld(context, slot)
  const actions: Action[] = [{ type: 'desire', task: ended, desired: 'shutdown' }]
  if (slot.old && !old) actions.push(stop(slot.old))
  const replaces = old && { Replaces: old.ID }
  if (isTurn && isOutdated(context, ended)) {
    const desired = desiredBeside(context, old ?? leaving(context, slot, ended), undefined)
    const task = newTask(context, { slot, version: context.specs.target, desired, shoal: { ...replaces } })
    return { actions: [...actions, { type: 'create', task }] }
  }
  const isMove = old !== undefined && mustMove(context, old)
  // It was to move a task that may stay now.
  if (old && !isMove && old.Shoal.SpecVersion === ended.Shoal.SpecVersion) return { actions }
  const policy = context.specs.template(ended.Shoal.SpecVersion).RestartPolicy
  // A move is no restart: it is tried until it succeeds.
  const decision = (isMove ? decideRetry : decideRestart)(ended, policy, context.now)
  switch (decision.type) {
    case 'rest':
      return { actions: old ? actions : [{ type: 'desire', task: ended, desired: 'shutdown', rests: true }] }
    case 'wait':
      return { actions: [], wakeAtMs: decision.untilMs }
    case 'restart': {
      const { startAfterMs, quickFailures, restartsAtMs } = decision
      const version = keptVersion(context, ended)
      const shoal = {
        StartAfterMs: startAfterMs,
        QuickFailures: quickFailures,
        ...(restartsAtMs && { RestartsAtMs: restartsAtMs }),
        ...replaces,
      }
      const desired = desiredBeside(context, old ?? leaving(context, slot, ended), startAfterMs)
      const task = newTask(context, { slot, version, desired, shoal })
      return { actions: [...actions, { type: 'create', task }], wakeAtMs: startAfterMs }
    }
    default:
      return unreachable(decision)
  }
}

function stepSettled(context: ServiceContext, slot: Slot, newest: TaskRecord, isTurn: boolean): SlotStep {
  const isUpdate = isTurn && isOutdated(context, newest)
  if (slot.mayCreate && (isUpdate || mustMove(context, newest))) {
    return { actions: replace(context, slot, newest, isUpdate) }
  }
  if (newest.DesiredState === 'running') return { actions: [] }
  if (!isDue(newest, context.now)) return { actions: [], wakeAtMs: newest.Shoal.StartAfterMs ?? context.now }
  const isFree = slot.tasks.every((task) => task === newest || isGone(context.view, task))
  const mayStart = isFree || (context.order === 'start-first' && newest.Shoal.Replaces === undefined)
  return { actions: mayStart ? [{ type: 'desire', task: newest, desired: 'running' }] : [] }
}

/** Begins the switch to another task; one that does not run is not worth waiting for. */
function replace(context: ServiceContext, slot: Slot, newest: TaskRecord, isUpdate: boolean): Action[] {
  const version = isUpdate ? context.specs.target : keptVersion(context, newest)
  const carried = isUpdate ? {} : inherited(newest, version)
  if (isUnassigned(newest)) {
    const before = leaving(context, slot, newest)
    const desired = before || (carried.StartAfterMs ?? 0) > context.now ? 'ready' : 'running'
    const shoal = { ...carried, ...(before && { Replaces: before.ID }) }
    return [stop(newest), { type: 'create', task: newTask(context, { slot, version, desired, shoal }) }]
  }
  const shoal = { ...carried, Replaces: newest.ID }
  const desired = desiredBeside(context, newest, carried.StartAfterMs)
  const nodeId = isUpdate ? undefined : context.moves.get(newest.ID)
  const place = nodeId === undefined ? slot : { ...slot, nodeId }
  const create: Action = { type: 'create', task: newTask(context, { slot: place, version, desired, shoal }) }
  return isRunning(newest) ? [create] : [stop(newest), create]
}

function liveOld(context: ServiceContext, { old }: Slot): TaskRecord | undefined {
  return old && !isGone(context.view, old) ? old : undefined
}

/** A task of the slot, other than the newest, that is still to end: what follows does not run beside it. */
function leaving({ view }: ServiceContext, { tasks }: Slot, newest?: TaskRecord): TaskRecord | undefined {
  return tasks.find((task) => task !== newest && !isGone(view, task))
}
