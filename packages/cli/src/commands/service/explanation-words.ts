import type { ExplainedTask, NodeVerdict, PlacementCase, PlacementExplanation } from '@shoal/engine-api'
import { ago, shortId } from '../../output/index.js'

const WAITING: ReadonlySet<string> = new Set(['new', 'allocated', 'pending'])
const TROUBLED: ReadonlySet<string> = new Set(['failed', 'rejected', 'orphaned'])
const ENDED: ReadonlySet<string> = new Set([...TROUBLED, 'complete', 'shutdown', 'remove'])
const ALIVE: ReadonlySet<string> = new Set(['ready', 'running', 'complete'])

/** What is said of the whole service. */
export function serviceLine({
  Service: service,
  Waiting: waiting,
  Placed: placed,
}: PlacementExplanation): string {
  const total = waiting + placed
  const tasks = total === 1 ? 'task' : 'tasks'
  if (total === 0) return `${service.Name}: no task is to run at present`
  if (waiting > 0) return `${service.Name}: ${waiting} of ${total} ${tasks} without a node`
  return `${service.Name}: ${total} of ${total} ${tasks} with a node`
}

/**
 * What is said of the tasks of one case, before the nodes.
 * @param nowMs milliseconds since the epoch
 */
export function caseLine({ Task: task, Others, Summary, Nodes }: PlacementCase, nowMs: number): string {
  if (!task) {
    return Nodes.some(({ IsHere }) => IsHere)
      ? 'each node is asked about its own task'
      : 'each node is asked about a new task'
  }
  const who = Others === 0 ? task.Name : `${task.Name} and ${Others} ${Others === 1 ? 'other' : 'others'}`
  const isWanted = ALIVE.has(task.DesiredState)
  if (!isWanted || !WAITING.has(task.State))
    return `${task.Name} ${whereabouts(task, Nodes, isWanted, nowMs)}`
  if (task.State !== 'pending') return `${who}: no network address yet${task.Err ? `: ${task.Err}` : ''}`
  return `${who}: ${Summary || task.Err || 'about to be given a node'}`
}

function whereabouts(
  task: ExplainedTask,
  nodes: readonly NodeVerdict[],
  isWanted: boolean,
  nowMs: number,
): string {
  const host = nodes.find(({ ID }) => ID === task.NodeID)?.Hostname ?? shortId(task.NodeID ?? '')
  const hasEnded = ENDED.has(task.State)
  const place = host === '' ? 'has no node' : `${hasEnded ? 'was' : 'is'} on ${host}`
  const error = task.Err ? `: ${task.Err}` : ''
  const note = isWanted || hasEnded ? '' : ' (not to run any more)'
  return `${place}: ${task.State} ${ago(task.Since, nowMs)}${error}${note}`
}

/** Where more is told, of a task whose trouble is not that it found no node. */
export function hintLine(
  { Service: service }: PlacementExplanation,
  { Task: task }: PlacementCase,
): string | undefined {
  if (!task || !TROUBLED.has(task.State)) return undefined
  return `what became of it there: ctl service ps --no-trunc ${service.Name}`
}

/** How many of the nodes would take the task; undefined where no other node is asked. */
export function offerLine({ Nodes }: PlacementCase): string | undefined {
  const others = Nodes.filter(({ IsHere }) => !IsHere)
  if (others.length === 0) return undefined
  const takers = others.filter(({ Accepts }) => Accepts)
  const which = others.length < Nodes.length ? 'other nodes' : 'nodes'
  return `${which} that would take it: ${takers.length} of ${others.length}`
}
