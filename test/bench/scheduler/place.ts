import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { seededRandom, silentLogger, systemClock, type TaskState } from '@shoal/common'
import { createScheduler } from '@shoal/manager/scheduler/index'
import type { LiveState } from '@shoal/manager/state/index'
import type { ClusterShape } from './cluster.js'

export interface Placed {
  /** Wall time from the scheduler's start until a watcher has seen every assignment. */
  readonly ms: number
  readonly cpuMs: number
  /** CPU time of the thread that does the work, without those that collect garbage beside it. */
  readonly mainCpuMs: number
  /** The longest time for which the event loop stood still meanwhile. */
  readonly stallMs: number
  /** Resident memory at the end, in units of 10^6 bytes. */
  readonly rssMb: number
}

/** The scheduler is started on a filled state: what is timed begins with its reading of all nodes and tasks. */
export async function placeAll(state: LiveState, { tasks }: ClusterShape): Promise<Placed> {
  const delay = monitorEventLoopDelay({ resolution: 2 })
  const stop = new AbortController()
  const allSeen = assignmentsSeen(state, tasks)
  const parts = { state, clock: systemClock, random: seededRandom(1), log: silentLogger }
  delay.enable()
  const cpu = process.cpuUsage()
  const main = mainThreadMs()
  const startedAt = performance.now()
  createScheduler(parts).start(stop.signal)
  await allSeen
  const ms = performance.now() - startedAt
  const mainCpuMs = mainThreadMs() - main
  const { user, system } = process.cpuUsage(cpu)
  // The last stall is known only when the event loop has turned.
  await new Promise((resolve) => {
    setTimeout(resolve, 20)
  })
  delay.disable()
  stop.abort()
  const rssMb = process.memoryUsage().rss / 1e6
  return { ms, mainCpuMs, cpuMs: (user + system) / 1000, stallMs: delay.max / 1e6, rssMb }
}

/** Resolves when a watcher has been told of so many assignments. */
export function assignmentsSeen(state: LiveState, tasks: number): Promise<void> {
  return stepsSeen(state, tasks, (before, after) => before === 'pending' && after === 'assigned')
}

/** Resolves when a watcher has been told of so many tasks that have made a step from one state to another. */
export function stepsSeen(
  state: LiveState,
  tasks: number,
  counts: (before: TaskState | undefined, after: TaskState | undefined) => boolean,
): Promise<void> {
  let left = tasks
  return new Promise((resolve) => {
    const unsubscribe = state.subscribe((changes) => {
      for (const { kind, before, after } of changes) {
        if (kind !== 'task' || !counts(before?.Status.State, after?.Status.State) || --left > 0) continue
        unsubscribe()
        resolve()
      }
    })
  })
}

/** A fast answer that is wrong counts for nothing. @throws Error when a task is where it must not be */
export function checkSpread(state: LiveState, { nodes, constrained }: ClusterShape): void {
  const perNode = new Map<string, number>()
  for (const { NodeID } of state.all('task')) {
    if (NodeID === undefined) throw new Error('a task has no node')
    perNode.set(NodeID, (perNode.get(NodeID) ?? 0) + 1)
  }
  const fitting = constrained ? Math.ceil(nodes / 3) : nodes
  if (perNode.size > fitting) throw new Error('a task is on a node that its constraint forbids')
  let [fewest, most] = [perNode.size < fitting ? 0 : Infinity, 0]
  for (const count of perNode.values()) {
    fewest = Math.min(fewest, count)
    most = Math.max(most, count)
  }
  if (most - fewest > 1) throw new Error(`nodes have from ${fewest} to ${most} tasks: that is no even spread`)
}

/** CPU time of the main thread so far, in milliseconds; Linux only. */
function mainThreadMs(): number {
  const [nanoseconds = '0'] = readFileSync('/proc/self/schedstat', 'utf8').split(' ')
  return Number(nanoseconds) / 1e6
}
