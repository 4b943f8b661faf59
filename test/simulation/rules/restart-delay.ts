import { isDesiredAlive, isTerminal, nanosecondsToMs } from '@shoal/common'
import type { ChangeOf, TaskRecord } from '@shoal/manager/state/records'
import { describeTask } from '../describe.js'
import { slotOf } from '../truth.js'
import type { World } from '../world.js'
import type { Rule } from './rule.js'

interface Ending {
  readonly task: TaskRecord
  readonly atMs: number
}

/** What follows a task that ended by itself is not wanted running before the restart policy's delay is over. */
export function restartDelayRule(world: World): Rule {
  const { truth } = world
  const endings = new Map<string, Ending>()
  const keyOf = (task: TaskRecord): string => `${task.ServiceID}/${slotOf(task)}`
  /** Whether nothing else is wanted in its slot: it would be what follows, and no restart. */
  const isAlone = (task: TaskRecord): boolean =>
    !truth.tasksBeside(task).some((other) => isDesiredAlive(other.DesiredState))
  const heard = ({ before, after }: ChangeOf<'task'>): void => {
    if (!after) {
      // A slot without any task has been given up.
      if (before && truth.tasksBeside(before).length === 0) endings.delete(keyOf(before))
      return
    }
    const key = keyOf(after)
    // The slot is given up; should it come back, it begins anew.
    if (after.DesiredState === 'remove') endings.delete(key)
    const hasJustEnded = isTerminal(after.Status.State) && before && !isTerminal(before.Status.State)
    if (hasJustEnded && after.DesiredState === 'running' && !truth.isLost(after) && isAlone(after)) {
      endings.set(key, { task: after, atMs: world.clock.now() })
    }
    if (
      after.DesiredState === 'running' &&
      before?.DesiredState !== 'running' &&
      !isTerminal(after.Status.State)
    ) {
      check(after, endings.get(key))
    }
  }
  const check = (task: TaskRecord, ending: Ending | undefined): void => {
    if (!ending || ending.task.ID === task.ID || ending.task.Shoal.SpecVersion !== task.Shoal.SpecVersion)
      return
    // Only a plain successor: what replaces a running task, or comes after another one, is no restart.
    if (task.Shoal.Replaces !== undefined || task.CreatedAt < ending.task.Status.Timestamp) return
    endings.delete(keyOf(task))
    const delay = truth.specOf(task)?.TaskTemplate.RestartPolicy?.Delay ?? 5e9
    const waitedMs = world.clock.now() - ending.atMs
    if (waitedMs >= nanosecondsToMs(delay)) return
    world.violate(
      'restarts are delayed',
      `${waitedMs} ms after ${describeTask(ending.task)}: ${describeTask(task)}`,
    )
  }
  return {
    onWrite(changes) {
      for (const change of changes) {
        if (change.kind === 'task') heard(change)
        // Whoever changes the service begins anew.
        if (
          change.kind === 'service' &&
          change.after?.Shoal.SpecVersion !== change.before?.Shoal.SpecVersion
        ) {
          const id = (change.after ?? change.before)?.ID ?? ''
          for (const key of endings.keys()) if (key.startsWith(`${id}/`)) endings.delete(key)
        }
      }
    },
  }
}
