import { isDesiredAlive, isTerminal } from '@shoal/common'
import { matchesConstraints, parseConstraints } from '@shoal/engine-api'
import type { ChangeOf, NodeRecord, TaskRecord } from '@shoal/manager/state/records'
import { describeTask } from '../describe.js'
import type { World } from '../world.js'
import { Orders, UNDER_WAY_MS } from './orders.js'
import type { Rule } from './rule.js'

const RULE = 'never below capacity'

/**
 * In a slot that goes on no task that runs is told to stop before another one is there for it: one that runs,
 * with start-first, or when a rebalance moves it; one that is prepared and could start at once, with stop-first.
 */
export function capacityRule(world: World): Rule {
  const { truth } = world
  const orders = new Orders(world)
  const isPrepared = (task: TaskRecord): boolean =>
    isDesiredAlive(task.DesiredState) &&
    !isTerminal(task.Status.State) &&
    world.hosts.some(({ engine }) => engine.hasPrepared(task.ID))
  /** Nodes as they were before their latest change: what is written now may have been decided then. */
  const earlier = new Map<string, { node: NodeRecord; untilMs: number }>()
  /** A node that has to be left is left, even if no other node can take the task. */
  const mustLeave = (task: TaskRecord): boolean => {
    const before = earlier.get(task.NodeID ?? '')
    const wasToBeLeft = before && before.untilMs > world.clock.now() && isToBeLeft(task, before.node)
    return wasToBeLeft || isToBeLeft(task, truth.node(task.NodeID))
  }
  const isToBeLeft = (task: TaskRecord, node: NodeRecord | undefined): boolean => {
    if (!node || node.Spec.Availability === 'drain') return true
    const constraints = (version: number): readonly string[] =>
      truth.spec(task.ServiceID, version)?.TaskTemplate.Placement?.Constraints ?? []
    const present = truth.service(task.ServiceID)?.Shoal.SpecVersion ?? 0
    return [task.Shoal.SpecVersion, present].some(
      (version) => !matchesConstraints(parseConstraints(constraints(version)), node),
    )
  }
  const check = ({ before, after }: ChangeOf<'task'>): void => {
    if (before?.Status.State !== 'running' || before.DesiredState !== 'running' || before.Slot === undefined)
      return
    if (
      after?.DesiredState !== 'shutdown' ||
      after.Status.State !== 'running' ||
      truth.wasLost(before) ||
      !truth.service(before.ServiceID)
    )
      return
    const others = truth.tasksBeside(before)
    const runs = others.some((task) => task.Status.State === 'running' && task.DesiredState === 'running')
    // One that has just ended by itself ran, or was prepared, when it was decided.
    const hasJustEnded = others.some(
      (task) => isTerminal(task.Status.State) && isDesiredAlive(task.DesiredState),
    )
    if (runs || hasJustEnded) return
    const moves = truth.service(before.ServiceID)?.Shoal.Rebalance?.Moves ?? []
    const isMoved = moves.some(({ Task }) => Task === before.ID)
    if (isMoved || orders.isSurely(before.ServiceID, 'start-first')) {
      world.violate(RULE, `nothing runs beside what is to stop: ${describeTask(before)}`)
    } else if (!others.some(isPrepared) && !mustLeave(before)) {
      world.violate(RULE, `nothing is prepared beside what is to stop: ${describeTask(before)}`)
    }
  }
  return {
    onWrite(changes) {
      for (const change of changes) {
        if (change.kind === 'service' && change.after) orders.heard(change.after)
        if (change.kind === 'task') check(change)
        if (change.kind === 'node' && change.before) {
          earlier.set(change.before.ID, { node: change.before, untilMs: world.clock.now() + UNDER_WAY_MS })
        }
      }
    },
  }
}
