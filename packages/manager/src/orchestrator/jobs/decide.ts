import { fromTimestamp } from '@shoal/common'
import type { NodeRecord, TaskRecord } from '../../state/records.js'
import { letGo, stop, type Action, type Unit } from '../actions.js'
import type { ServiceContext } from '../context.js'
import { mustMove } from '../drain/fitness.js'
import { judgeNode } from '../global/global.js'
import { newTask } from '../new-task.js'
import type { ServicePlan } from '../service-loop/decide.js'
import { groupTasks } from '../slot/slot.js'
import { decideRestart } from '../restart/restart.js'
import { hasEnded, isAlive, isDue, isNodeLost } from '../task-facts.js'

/** Where one run of a job's container takes place, and how it stands there. */
interface Run {
  readonly place: { readonly number?: number; readonly nodeId?: string }
  /** Absent: none has begun there. */
  readonly task?: TaskRecord
}

interface Step {
  readonly actions: readonly Action[]
  readonly wakeAtMs?: number
}

/**
 * Decides about the tasks of a job: each of its runs goes on until a task has completed there, or the restart policy
 * gives it up. Every update of the service is another iteration, which begins from nothing; what is left of those
 * before is stopped. Source of the rules: Docker's documentation of swarm jobs.
 */
export function decideJob(context: ServiceContext, tasks: readonly TaskRecord[]): ServicePlan {
  const iteration = context.service.JobStatus?.JobIteration.Index ?? 0
  const isCurrent = (task: TaskRecord): boolean => (task.JobIteration?.Index ?? 0) === iteration
  const present = groupTasks(tasks.filter(isCurrent))
  const { runs, abandoned } = context.service.Spec.Mode?.GlobalJob
    ? globalRuns(context, present)
    : replicatedRuns(context, present)

  const steps = runs.map((run) => stepRun(context, run))
  const over = tasks.filter((task) => !isCurrent(task)).map((task): Unit => retire(context, task))
  const units = steps.map(({ actions }) => actions).filter(isSomething)
  const wakes = steps.flatMap(({ wakeAtMs }) => wakeAtMs ?? [])
  return {
    release: [...over, ...abandoned].filter(isSomething),
    units,
    ...(wakes.length > 0 && { wakeAtMs: Math.min(...wakes) }),
  }
}

function isSomething(unit: Unit): boolean {
  return unit.length > 0
}

/** A task of an earlier iteration: it stops, and stays in the history once it has ended. */
function retire(context: ServiceContext, task: TaskRecord): Action[] {
  if (!hasEnded(task)) return letGo(context.view, task)
  return isAlive(task) ? [{ type: 'desire', task, desired: 'shutdown' }] : []
}

/** The task that speaks for its slot: the one that completed, else the wanted one, else the last that was given up. */
function speaker(tasks: readonly TaskRecord[]): TaskRecord | undefined {
  return (
    tasks.find((task) => task.Status.State === 'complete') ??
    tasks.find(isAlive) ??
    tasks.find((task) => task.Shoal.Rests)
  )
}

interface Runs {
  readonly runs: readonly Run[]
  /** What is to be done where no run belongs any more. */
  readonly abandoned: readonly Unit[]
}

/** As many slots from 0 as completions are asked for; no more of them at work than may be at a time. */
function replicatedRuns(context: ServiceContext, present: ReadonlyMap<string, TaskRecord[]>): Runs {
  const { MaxConcurrent: most = 1, TotalCompletions: total = most } =
    context.service.Spec.Mode?.ReplicatedJob ?? {}
  const runs: Run[] = []
  const free: number[] = []
  let atWork = 0
  for (let number = 0; number < total; number++) {
    const task = speaker(present.get(String(number)) ?? [])
    if (!task) free.push(number)
    else {
      runs.push({ place: { number }, task })
      if (task.Status.State !== 'complete' && isAlive(task)) atWork++
    }
  }
  const next = free.slice(0, Math.max(0, most - atWork))
  return { runs: [...runs, ...next.map((number) => ({ place: { number } }))], abandoned: [] }
}

/** One run on every node that was there when the iteration began and may run it; on a node that left, none. */
function globalRuns(context: ServiceContext, present: ReadonlyMap<string, TaskRecord[]>): Runs {
  const begunAtMs = fromTimestamp(context.service.JobStatus?.LastExecution ?? context.service.CreatedAt)
  const runs: Run[] = []
  const abandoned: Unit[] = []
  for (const node of context.view.all('node')) {
    const tasks = present.get(node.ID) ?? []
    const verdict = judgeNode(context, node)
    const task = speaker(tasks)
    if (verdict === 'leave') abandoned.push(tasks.filter((one) => isAlive(one) && !hasEnded(one)).map(stop))
    else if (task) runs.push({ place: { nodeId: node.ID }, task })
    else if (verdict === 'use' && wasThere(node, begunAtMs)) runs.push({ place: { nodeId: node.ID } })
  }
  return { runs, abandoned }
}

function wasThere(node: NodeRecord, atMs: number): boolean {
  return fromTimestamp(node.CreatedAt) <= atMs
}

function stepRun(context: ServiceContext, { place, task }: Run): Step {
  if (!task) return { actions: [begin(context, place)] }
  if (task.Status.State === 'complete' || !isAlive(task)) return { actions: [] }
  if (hasEnded(task)) return followFailed(context, place, task)
  if (isNodeLost(context.view, task)) {
    const shutdown: Action = { type: 'desire', task, desired: 'shutdown' }
    // A global job's run belongs to its node.
    return { actions: place.nodeId === undefined ? [shutdown, begin(context, place)] : [shutdown] }
  }
  if (mustMove(context, task)) return { actions: [stop(task), begin(context, place)] }
  if (task.DesiredState === 'running') return { actions: [] }
  if (!isDue(task, context.now)) return { actions: [], wakeAtMs: task.Shoal.StartAfterMs ?? context.now }
  return { actions: [{ type: 'desire', task, desired: 'running' }] }
}

/** The restart policy says whether it is tried again, and when. */
function followFailed(context: ServiceContext, place: Run['place'], ended: TaskRecord): Step {
  const policy = context.specs.template(ended.Shoal.SpecVersion).RestartPolicy
  const decision = decideRestart(ended, policy, context.now)
  if (decision.type === 'wait') return { actions: [], wakeAtMs: decision.untilMs }
  if (decision.type === 'rest') {
    return { actions: [{ type: 'desire', task: ended, desired: 'shutdown', rests: true }] }
  }
  const { startAfterMs, quickFailures, restartsAtMs } = decision
  const shoal = {
    StartAfterMs: startAfterMs,
    QuickFailures: quickFailures,
    ...(restartsAtMs && { RestartsAtMs: restartsAtMs }),
  }
  const actions: Action[] = [
    { type: 'desire', task: ended, desired: 'shutdown' },
    begin(context, place, shoal),
  ]
  return { actions, wakeAtMs: startAfterMs }
}

function begin(
  context: ServiceContext,
  slot: Run['place'],
  shoal: Pick<TaskRecord['Shoal'], 'StartAfterMs' | 'QuickFailures' | 'RestartsAtMs'> = {},
): Action {
  const desired = (shoal.StartAfterMs ?? 0) > context.now ? 'ready' : 'running'
  const task = newTask(context, { slot, version: context.specs.target, desired, shoal })
  return { type: 'create', task }
}
