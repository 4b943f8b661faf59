import { matchesConstraints, parseConstraints } from '@shoal/engine-api'
import { isDesiredAlive, isTerminal } from '@shoal/common'
import { rolloutConfig } from '@shoal/manager/orchestrator/update/config'
import type { ChangeOf, TaskRecord } from '@shoal/manager/state/records'
import { slotOf } from '../truth.js'
import type { World } from '../world.js'
import type { Rule } from './rule.js'

interface Motion {
  readonly startedAtMs: number
  /** How many slots were in motion when it began: another parallelism may have allowed them. */
  readonly inherited: number
  /** The new task of each slot that was begun to be changed, by slot. */
  readonly slots: Map<string, string>
  /** Slots that had their turn, and whose new task failed: from then on it is the restart policy's. */
  readonly failed: Set<string>
}

/** A rollout has no more slots in motion than its parallelism says. */
export function parallelismRule(world: World): Rule {
  const { truth } = world
  const motions = new Map<string, Motion>()
  const motionOf = (serviceId: string): Motion | undefined => {
    const startedAtMs = truth.service(serviceId)?.Shoal.Rollout?.StartedAtMs
    if (startedAtMs === undefined) return undefined
    const known = motions.get(serviceId)
    if (known?.startedAtMs === startedAtMs) return known
    const slots = inMotionAlready(truth, serviceId)
    const fresh = { startedAtMs, inherited: slots.size, slots, failed: new Set<string>() }
    motions.set(serviceId, fresh)
    return fresh
  }
  const check = (task: TaskRecord): void => {
    const service = truth.service(task.ServiceID)
    const motion = motionOf(task.ServiceID)
    const old = task.Shoal.Replaces === undefined ? undefined : truth.task(task.Shoal.Replaces)
    if (!service || !motion || old?.Status.State !== 'running' || old.DesiredState !== 'running') return
    const isOfRollout = task.Shoal.SpecVersion === service.Shoal.SpecVersion
    if (!isOfRollout || old.Shoal.SpecVersion === task.Shoal.SpecVersion || truth.isLost(old)) return
    // What has to leave its node does not wait for its turn.
    if (!isWantedOn(truth, old)) return
    if (motion.failed.has(slotOf(task))) return
    motion.slots.set(slotOf(task), task.ID)
    const { parallelism } = rolloutConfig(service)
    if (motion.slots.size <= Math.max(parallelism, motion.inherited)) return
    const slots = [...motion.slots.keys()].join()
    world.violate(
      'parallelism is kept',
      `${service.Spec.Name} changes the slots ${slots}, ${parallelism} at a time are allowed`,
    )
  }
  const noteFailure = ({ before, after }: ChangeOf<'task'>): void => {
    if (!before || !after || !isTerminal(after.Status.State) || isTerminal(before.Status.State)) return
    const motion = motionOf(after.ServiceID)
    const isOfRollout = after.Shoal.SpecVersion === truth.service(after.ServiceID)?.Shoal.SpecVersion
    if (isOfRollout) motion?.failed.add(slotOf(after))
  }
  return {
    onWrite(changes) {
      for (const change of changes) {
        if (change.kind === 'service' && change.after) motionOf(change.after.ID)
        if (change.kind === 'task') noteFailure(change)
      }
      for (const { slots } of motions.values()) {
        for (const [slot, id] of slots) if (isDone(truth, id)) slots.delete(slot)
      }
      for (const change of changes) {
        if (change.kind === 'task' && !change.before && change.after) check(change.after)
      }
    },
  }
}

/** Whether a slot's change is over: its new task runs and the old one has ended, or it will not come to that. */
function isDone(truth: World['truth'], id: string): boolean {
  const task = truth.task(id)
  if (!task || isTerminal(task.Status.State) || task.DesiredState === 'shutdown') return true
  if (task.DesiredState === 'remove' || truth.isLost(task)) return true
  if (task.Slot === undefined && !isWantedOn(truth, task)) return true
  const old = task.Shoal.Replaces === undefined ? undefined : truth.task(task.Shoal.Replaces)
  const oldIsGone = !old || isTerminal(old.Status.State) || truth.isLost(old)
  return task.Status.State === 'running' && oldIsGone
}

/** Whether the node is one that the task may be on. */
function isWantedOn(truth: World['truth'], task: TaskRecord): boolean {
  const node = truth.node(task.NodeID)
  if (node?.Status.State !== 'ready' || node.Spec.Availability === 'drain') return false
  const constraints = truth.specOf(task)?.TaskTemplate.Placement?.Constraints ?? []
  return matchesConstraints(parseConstraints(constraints), node)
}

/** The tasks of the present version that are about to take the place of another, by slot. */
function inMotionAlready(truth: World['truth'], serviceId: string): Map<string, string> {
  const version = truth.service(serviceId)?.Shoal.SpecVersion
  const begun = truth.tasksOf(serviceId).filter((task) => {
    const isNew = task.Shoal.SpecVersion === version && task.Shoal.Replaces !== undefined
    return isNew && isDesiredAlive(task.DesiredState)
  })
  return new Map(begun.map((task) => [slotOf(task), task.ID]))
}
