import { unreachable } from '@shoal/common'
import type { TaskRecord } from '../../state/records.js'
import type { ServiceContext } from '../context.js'
import { isUnwanted } from '../slot/unwanted.js'
import type { Slot } from '../slot/slot.js'
import { hasEnded, isGone, isRunning, isUnassigned } from '../task-facts.js'

/** What a rollout has to know of one slot. */
export interface SlotProgress {
  readonly key: string
  /** It has to change, and it can. */
  readonly isDirty: boolean
  readonly isRunning: boolean
  /** It is being changed already, to what is wanted: the rollout that began that may have ended since. */
  readonly isSwitching: boolean
  /** The new task runs, or is the last that is wanted, and nothing is left of the others. */
  readonly isSettled: boolean
}

export function slotProgress(context: ServiceContext, slot: Slot): SlotProgress {
  const { newest, old } = slot
  const judged = newest && old && isUnwanted(context, newest, old) ? old : newest
  const basis = judged ?? slot.resting
  const isDirty = slot.mayCreate && basis !== undefined && isOutdated(context, basis)
  const running = newest !== undefined && isRunning(newest)
  const others = slot.tasks.filter((task) => task !== newest)
  const isAlone = others.every((task) => isGone(context.view, task) && task !== old)
  const isSettled =
    basis !== undefined &&
    basis !== old &&
    (running || basis === slot.resting) &&
    !isOutdated(context, basis) &&
    isAlone
  return {
    key: slot.key,
    isDirty,
    isRunning: running || (old !== undefined && isRunning(old)),
    isSwitching: !isDirty && !isSettled && newest?.Shoal.Replaces !== undefined,
    isSettled,
  }
}

/** Whether a task is to be replaced because the service's spec is another now. */
export function isOutdated({ specs, view }: ServiceContext, task: TaskRecord): boolean {
  const likeness = specs.likeness(task.Shoal.SpecVersion)
  switch (likeness) {
    case 'same':
      return false
    case 'other':
      return true
    case 'placement': {
      // What has no node yet, or has ended, is made anew to be placed by the new rules.
      if (isUnassigned(task) || hasEnded(task) || task.NodeID === undefined) return true
      const node = view.get('node', task.NodeID)
      return node !== undefined && !specs.fits(specs.target, node)
    }
    default:
      return unreachable(likeness)
  }
}
