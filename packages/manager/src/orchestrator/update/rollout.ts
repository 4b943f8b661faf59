import type { Rollout, ServiceRecord, TaskRecord } from '../../state/records.js'
import { rolloutConfig } from './config.js'
import { exceedsRatio, scored } from './failures.js'
import type { SlotProgress } from './slot-progress.js'
import { begun, completed, paused, rolledBack } from './status.js'

export interface RolloutStep {
  /** The service's record, when it has to change. It is written before any slot is. */
  readonly service?: ServiceRecord
  /** The slots whose turn it is. */
  readonly turn: ReadonlySet<string>
  /** The service's spec has become another one: nothing else holds, plan anew. */
  readonly isReplanned?: true
  /** When to look again although nothing changed, in milliseconds since the epoch. */
  readonly wakeAtMs?: number
}

const NO_TURN: ReadonlySet<string> = new Set()

/**
 * The next step of the service's rollout, if there is one or should be one.
 * @param slots those that are wanted and exist: all but those that need no look
 * @param waiting how many more are to change, none of which comes before those in `slots`
 * @param failures the rollout's tasks that failed and were not followed yet
 * @param now milliseconds since the epoch
 */
export function stepRollout(
  service: ServiceRecord,
  slots: readonly SlotProgress[],
  waiting: number,
  failures: readonly TaskRecord[],
  now: number,
): RolloutStep {
  const state = service.UpdateStatus?.State
  if (state === 'completed' || state === 'rollback_completed') return { turn: latecomers(service, slots) }
  if (state !== undefined && state !== 'updating' && state !== 'rollback_started') return { turn: NO_TURN }
  const rollout = service.Shoal.Rollout
  if (rollout) return proceed(service, rollout, slots, failures, now)
  const total = slots.filter((slot) => slot.isDirty).length + waiting
  if (total > 0) {
    // Slots that are still being changed, by a rollout before this one, count as the first of it.
    const batch = slots.filter((slot) => slot.isSwitching).map((slot) => slot.key)
    const begins = begun(service, total, batch, now)
    return begins.Shoal.Rollout
      ? advance(service, begins, begins.Shoal.Rollout, slots, now)
      : { turn: NO_TURN }
  }
  return state === undefined ? { turn: NO_TURN } : { turn: NO_TURN, service: completed(service, now) }
}

/**
 * The slots that could not change while the rollout went on, and can now: their node was paused, or down. No rollout
 * begins for them, but they keep to its parallelism.
 */
function latecomers(service: ServiceRecord, slots: readonly SlotProgress[]): ReadonlySet<string> {
  const inMotion = slots.filter((slot) => slot.isSwitching).length
  const room = Math.max(0, rolloutConfig(service).parallelism - inMotion)
  return new Set(
    slots
      .filter((slot) => slot.isDirty)
      .slice(0, room)
      .map((slot) => slot.key),
  )
}

function proceed(
  service: ServiceRecord,
  before: Rollout,
  slots: readonly SlotProgress[],
  failures: readonly TaskRecord[],
  now: number,
): RolloutStep {
  const rollout = scored(before, failures)
  const cause = failures.find(({ ID }) => !before.Failed.includes(ID))
  const { failureAction } = rolloutConfig(service)
  if (cause && failureAction !== 'continue' && exceedsRatio(service, rollout)) {
    const isUpdate = service.UpdateStatus?.State === 'updating'
    const back = isUpdate && failureAction === 'rollback' ? rolledBack(service, cause) : undefined
    return back
      ? { turn: NO_TURN, service: back, isReplanned: true }
      : { turn: NO_TURN, service: paused(service, cause) }
  }
  return advance(service, withRollout(service, rollout), rollout, slots, now)
}

/** Lets the slots that are done leave the batch, and the next ones in when their time has come. */
function advance(
  stored: ServiceRecord,
  service: ServiceRecord,
  rollout: Rollout,
  slots: readonly SlotProgress[],
  now: number,
): RolloutStep {
  const config = rolloutConfig(service)
  const inMotion = stillInMotion(rollout, slots)
  const wasInMotion = (stored.Shoal.Rollout?.Batch.length ?? 0) > 0
  const doneAtMs = wasInMotion && inMotion.length === 0 ? now : rollout.BatchDoneAtMs
  const waiting = candidates(rollout, slots)

  if (inMotion.length === 0 && waiting.length === 0) {
    const watchUntilMs = (doneAtMs ?? rollout.StartedAtMs) + config.monitorMs
    if (config.failureAction === 'continue' || now >= watchUntilMs) {
      return { turn: NO_TURN, service: completed(service, now) }
    }
    return stepOf(stored, service, { ...rollout, ...at(doneAtMs), Batch: [] }, watchUntilMs)
  }
  const nextAtMs = doneAtMs === undefined ? now : doneAtMs + config.delayMs
  const mayBegin = config.delayMs === 0 || (inMotion.length === 0 && now >= nextAtMs)
  const room = mayBegin ? Math.max(0, config.parallelism - inMotion.length) : 0
  const Batch = [...inMotion, ...waiting.slice(0, room)]
  const wakeAtMs = Batch.length === 0 ? nextAtMs : undefined
  return stepOf(stored, service, { ...rollout, ...at(doneAtMs), Batch }, wakeAtMs)
}

function stepOf(
  stored: ServiceRecord,
  service: ServiceRecord,
  rollout: Rollout,
  wakeAtMs: number | undefined,
): RolloutStep {
  const before = stored.Shoal.Rollout
  const isSame =
    before !== undefined &&
    before.Failures === rollout.Failures &&
    before.BatchDoneAtMs === rollout.BatchDoneAtMs &&
    before.Batch.join() === rollout.Batch.join()
  return {
    turn: new Set(rollout.Batch),
    ...(!isSame && { service: withRollout(service, rollout) }),
    ...(wakeAtMs !== undefined && { wakeAtMs }),
  }
}

function stillInMotion(rollout: Rollout, slots: readonly SlotProgress[]): string[] {
  const unsettled = new Set(slots.filter((slot) => !slot.isSettled).map((slot) => slot.key))
  return rollout.Batch.filter((key) => unsettled.has(key))
}

/** The slots that wait for their turn; those that do not run first, since nothing is lost with them. */
function candidates(rollout: Rollout, slots: readonly SlotProgress[]): string[] {
  const taken = new Set([...rollout.Batch, ...rollout.Stuck])
  const waiting = slots.filter((slot) => slot.isDirty && !taken.has(slot.key))
  return [...waiting.filter((slot) => !slot.isRunning), ...waiting.filter((slot) => slot.isRunning)].map(
    (slot) => slot.key,
  )
}

function withRollout(service: ServiceRecord, rollout: Rollout): ServiceRecord {
  return { ...service, Shoal: { ...service.Shoal, Rollout: rollout } }
}

function at(doneAtMs: number | undefined): { BatchDoneAtMs?: number } {
  return doneAtMs === undefined ? {} : { BatchDoneAtMs: doneAtMs }
}
