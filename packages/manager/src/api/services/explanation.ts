import type { Clock } from '@shoal/common'
import type { ExplainedTask, PlacementCase, PlacementExplanation } from '@shoal/engine-api'
import type { Explanation, Subject } from '../../scheduler/index.js'
import type { ServiceRecord, TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { taskName } from '../answers/task.js'
import { tasksNamed } from '../containers/find.js'
import { findService, findTask } from '../request/lookup.js'
import { type Census, isWaiting, isWanted, takeCensus } from './census.js'

/** Who knows what the nodes say: see `explain` of the scheduler. */
export type AskNodes = (subject: Subject) => Promise<Explanation>

export interface ExplanationParts {
  readonly state: StateView
  readonly clock: Clock
  readonly askNodes: AskNodes
}

/**
 * Why the tasks of a service have no node: of each sort of those that wait, one speaks for the others. When none
 * waits, a task that is placed speaks for all; between two attempts the one that failed last; else a new one. The nodes of a global service are
 * asked about the task that each of them has, or is to have.
 * @param reference the service's name, its ID or the beginning of it
 * @throws ShoalError `not-found`; `invalid-argument` when a beginning is ambiguous; `unavailable`
 */
export async function explainService(
  parts: ExplanationParts,
  reference: string,
): Promise<PlacementExplanation> {
  const { state } = parts
  const service = findService(state, reference)
  const census = await takeCensus(parts, service.ID)
  const cases: PlacementCase[] = []
  for (const question of questionsAbout(service, census)) {
    // Each answer takes a moment: the next task may be gone by then.
    const isGone = question.task && !state.get('task', question.task.ID)
    if (!isGone) cases.push(await caseOf(parts, question))
  }
  if (cases.length === 0) cases.push(await caseOf(parts, aboutNew(service)))
  return answer({ ID: service.ID, Name: service.Spec.Name ?? service.ID }, census, cases)
}

/**
 * The same for one task.
 * @param reference its ID or the beginning of it, its name (`web.3`) or that of its container
 * @throws ShoalError `not-found`; `invalid-argument` when a beginning is ambiguous; `unavailable`
 */
export async function explainTask(parts: ExplanationParts, reference: string): Promise<PlacementExplanation> {
  const { state } = parts
  const task = taskNamed(state, reference) ?? findTask(state, reference)
  const { ServiceID: ID } = task
  const Name = state.get('service', ID)?.Spec.Name ?? ID
  const only = await caseOf(parts, { subject: { type: 'task', taskId: task.ID }, task, others: 0 })
  return answer({ ID, Name }, await takeCensus(parts, ID), [only])
}

/** What the nodes are asked, and the task that speaks for all that it is asked for. */
interface Question {
  readonly subject: Subject
  readonly task: TaskRecord | undefined
  readonly others: number
}

function aboutNew({ ID: serviceId, Shoal: { SpecVersion: specVersion } }: ServiceRecord): Question {
  return { subject: { type: 'new', serviceId, specVersion }, task: undefined, others: 0 }
}

function questionsAbout(service: ServiceRecord, census: Census): Question[] {
  const { waiting, sorts } = census
  const { Global: global, GlobalJob: globalJob, Replicated: replicated } = service.Spec.Mode ?? {}
  if (global || globalJob) {
    const { ID: serviceId, Shoal: own } = service
    const [first] = sorts
    const subject = { type: 'each', serviceId, specVersion: own.SpecVersion } as const
    return [{ subject, task: first?.speaker, others: Math.max(0, waiting - 1) }]
  }
  // Who wants no tasks any more does not ask how they failed once.
  const only = census.firstPlaced ?? (replicated?.Replicas === 0 ? undefined : census.lastFailed)
  const told = sorts.length > 0 || !only ? sorts : [{ speaker: only, tasks: 1 }]
  return told.map(({ speaker, tasks }) => ({
    subject: { type: 'task', taskId: speaker.ID },
    task: speaker,
    others: tasks - 1,
  }))
}

async function caseOf(
  { state, askNodes }: ExplanationParts,
  { subject, task, others }: Question,
): Promise<PlacementCase> {
  const { summary: Summary, nodes: Nodes } = await askNodes(subject)
  return { ...(task && { Task: explained(state, task) }), Others: others, Summary, Nodes }
}

function explained(state: StateView, task: TaskRecord): ExplainedTask {
  const { Status: status, NodeID } = task
  return {
    ID: task.ID,
    Name: taskName(state, task),
    State: status.State,
    DesiredState: task.DesiredState,
    Since: status.Timestamp,
    ...(status.Err && { Err: status.Err }),
    ...(NodeID !== undefined && { NodeID }),
  }
}

function answer(
  Service: PlacementExplanation['Service'],
  { waiting: Waiting, placed: Placed }: Census,
  Cases: readonly PlacementCase[],
): PlacementExplanation {
  return { Service, Waiting, Placed, Cases }
}

/** Of those that a name is of, the one that somebody is likely to ask about. */
function taskNamed(state: StateView, name: string): TaskRecord | undefined {
  let best: TaskRecord | undefined
  for (const task of tasksNamed(state, name)) {
    if (!best || interest(task) > interest(best)) best = task
    else if (interest(task) === interest(best) && task.CreatedAt > best.CreatedAt) best = task
  }
  return best
}

function interest(task: TaskRecord): number {
  if (!isWanted(task)) return 0
  return isWaiting(task) ? 2 : 1
}
