import type { Unit } from '../actions.js'
import type { Slot } from './slot.js'

/** The places that a service should have, and what is to be done about those that it should not. */
export interface Layout {
  /** Those to be looked at. */
  readonly slots: readonly Slot[]
  readonly release: readonly Unit[]
  /** How many others are to change in a rollout when it is their turn: see SlotTasks. */
  readonly waiting: number
  /** The slots that were looked at and in which there is nothing, and nothing to be done: nodes without tasks. */
  readonly idle?: readonly string[]
  /** More slots are to be filled: that is for another decision, so that none takes long. */
  readonly isPartial?: boolean
}

/** So many slots are filled in one decision at the most. */
export const MOST_FILLED = 2_000

export function isOccupied(slot: Slot): boolean {
  return (slot.newest ?? slot.resting) !== undefined
}
