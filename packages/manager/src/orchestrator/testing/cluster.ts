/** Stand-ins for the scheduler and for the agents of a World: just enough of them to let tasks live and die. */
import { fromTimestamp, isBefore, isTerminal, toTimestamp, type TaskState } from '@shoal/common'
import { put, type TaskRecord } from '../../state/records.js'
import { matchesConstraints, parseConstraints } from '@shoal/engine-api'
import type { LiveState } from '../../state/open.js'

/** How long each step takes a node, in milliseconds. */
const PREPARE_MS = 300
const START_MS = 500
const STOP_MS = 700
const CRASH_AFTER_MS = 1_000
const COMPLETE_AFTER_MS = 2_000

/** Spreads pending tasks over the nodes that are ready and active. */
export async function actAsScheduler(state: LiveState, now: number): Promise<void> {
  for (const task of Array.from(state.all('task'))) {
    if (task.Status.State !== 'pending' || isBefore('running', task.DesiredState)) continue
    const NodeID = task.NodeID ?? chooseNode(state, task)
    const next =
      NodeID === undefined
        ? { ...task, Status: { ...task.Status, Err: 'no suitable node' } }
        : {
            ...task,
            NodeID,
            Status: { Timestamp: toTimestamp(now), State: 'assigned' as const, Message: 'assigned' },
          }
    if (NodeID !== undefined || task.Status.Err === undefined) await attempt(state, next)
  }
}

function chooseNode(state: LiveState, task: TaskRecord): string | undefined {
  const constraints = parseConstraints(state.specOf(task)?.TaskTemplate.Placement?.Constraints ?? [])
  const nodes = [...state.all('node')].filter(
    (node) =>
      node.Status.State === 'ready' &&
      node.Spec.Availability === 'active' &&
      matchesConstraints(constraints, node),
  )
  const load = (nodeId: string): number =>
    [...state.tasksOfNode(nodeId)].filter((other) => !isTerminal(other.Status.State)).length
  return nodes.sort((one, other) => load(one.ID) - load(other.ID) || (one.ID < other.ID ? -1 : 1))[0]?.ID
}

/** Moves every task that a living node knows one step on, when its time has come. */
export async function actAsAgents(state: LiveState, now: number): Promise<void> {
  for (const task of Array.from(state.all('task'))) {
    const node = task.NodeID === undefined ? undefined : state.get('node', task.NodeID)
    if (!node || node.Status.State !== 'ready' || isBefore(task.Status.State, 'assigned')) continue
    if (isTerminal(task.Status.State)) continue
    await step(state, task, now)
  }
}

async function step(state: LiveState, task: TaskRecord, now: number): Promise<void> {
  const image = state.specOf(task)?.TaskTemplate.ContainerSpec?.Image ?? ''
  const age = now - fromTimestamp(task.Status.Timestamp)
  if (isBefore('running', task.DesiredState)) {
    const askedMs = now - fromTimestamp(task.UpdatedAt)
    if (askedMs >= STOP_MS) await report(state, task, now, 'shutdown')
    return
  }
  const current = task.Status.State
  if (current === 'assigned' || current === 'preparing') {
    if (age >= PREPARE_MS) {
      if (image.startsWith('missing')) await report(state, task, now, 'rejected', `No such image: ${image}`)
      else observe(state, task, now, 'ready')
    }
  } else if (current === 'ready') {
    if (task.DesiredState === 'running') observe(state, task, now, 'starting')
  } else if (current === 'starting') {
    if (age >= START_MS) {
      if (image.startsWith('broken')) await report(state, task, now, 'failed', 'task: non-zero exit (1)')
      else await report(state, task, now, 'running')
    }
  } else if (current === 'running' && image.startsWith('job') && age >= COMPLETE_AFTER_MS) {
    await report(state, task, now, 'complete')
  } else if (current === 'running' && image.startsWith('crashing') && age >= CRASH_AFTER_MS) {
    await report(state, task, now, 'failed', 'task: non-zero exit (1)')
  }
}

function observe(state: LiveState, task: TaskRecord, now: number, State: TaskState): void {
  state.observe(task.ID, { Timestamp: toTimestamp(now), State, Message: State })
}

async function report(
  state: LiveState,
  task: TaskRecord,
  now: number,
  State: TaskState,
  Err?: string,
): Promise<void> {
  const Status = { Timestamp: toTimestamp(now), State, Message: State, ...(Err && { Err }) }
  const Shoal = State === 'running' ? { ...task.Shoal, RunningSinceMs: now } : task.Shoal
  await attempt(state, { ...task, Status, Shoal })
}

/** Another write may have come first: then it is tried again at the next tick. */
async function attempt(state: LiveState, task: TaskRecord): Promise<void> {
  await state.commit([put('task', task)]).catch(() => undefined)
}
