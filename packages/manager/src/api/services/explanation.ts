import { isBefore, isDesiredAlive, isTerminal, sleep, type Clock } from '@shoal/common'
import type { ExplainedTask, PlacementCase, PlacementExplanation } from '@shoal/engine-api'
import type { Explanation, Subject } from '../../scheduler/index.js'
import type { ServiceRecord, TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { taskName } from '../answers/task.js'
import { containerName } from '../containers/find.js'
import { findService, findTask } from '../request/lookup.js'

/** Who knows what the nodes say: see `explain` of the scheduler. */
export type AskNodes = (subject: Subject) => Promise<Explanation>

export interface ExplanationParts {
  readonly state: StateView
  readonly clock: Clock
  readonly askNodes: AskNodes
}

/**
 * Why the tasks of a service have no node: of each sort of those that wait, one speaks for the others. When none
 * waits, a task that is placed speaks for all, or a new one where there is none. The nodes of a global service are
 * asked about the task that each of them has, or is to have.
 * @param reference the service's name, its ID or the beginning of it
 * @throws ShoalError `not-found`; `invalid-argument` when a beginning is ambiguous; `unavailable`
 */
export async function explainService(
  parts: ExplanationParts,
  reference: string,
): Promise<PlacementExplanation> {
  const { state, clock } = parts
  const service = findService(state, reference)
  const wanted = wantedTasks(state, service.ID)
  const cases: PlacementCase[] = []
  for (const question of questionsAbout(service, wanted)) {
    // Ten thousand nodes take a moment: others get their turn in between, and the task may be gone by then.
    if (cases.length > 0) await sleep(clock, 0)
    if (cases.length > 0 && question.task && !state.get('task', question.task.ID)) continue
    cases.push(await caseOf(parts, question))
  }
  return answer({ ID: service.ID, Name: service.Spec.Name ?? service.ID }, wanted, cases)
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
  return answer({ ID, Name }, wantedTasks(state, ID), [only])
}

/** What the nodes are asked, and the task that speaks for all that it is asked for. */
interface Question {
  readonly subject: Subject
  readonly task: TaskRecord | undefined
  readonly others: number
}

function questionsAbout(service: ServiceRecord, wanted: readonly TaskRecord[]): Question[] {
  const waiting = wanted.filter(isWaiting)
  const { Global: global, GlobalJob: globalJob } = service.Spec.Mode ?? {}
  const ofService = { serviceId: service.ID, specVersion: service.Shoal.SpecVersion }
  const [first] = waiting
  if (global || globalJob) {
    const others = Math.max(0, waiting.length - 1)
    return [{ subject: { type: 'each', ...ofService }, task: first, others }]
  }
  const [speaker] = wanted
  if (!speaker) return [{ subject: { type: 'new', ...ofService }, task: undefined, others: 0 }]
  return sorts(first ? waiting : [speaker]).map(([task, ...others]) => ({
    subject: { type: 'task', taskId: task.ID },
    task,
    others: others.length,
  }))
}

/** Tasks to which all nodes say the same, or nearly: where the task is that one replaces makes a difference there. */
function sorts(tasks: readonly TaskRecord[]): (readonly [TaskRecord, ...TaskRecord[]])[] {
  const byKey = new Map<string, [TaskRecord, ...TaskRecord[]]>()
  for (const task of tasks) {
    const { SpecVersion: version, Replaces: replaced } = task.Shoal
    const key = [task.Status.State, version, task.NodeID, replaced !== undefined, task.DesiredState].join()
    const alike = byKey.get(key)
    if (alike) alike.push(task)
    else byKey.set(key, [task])
  }
  return [...byKey.values()]
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
  wanted: readonly TaskRecord[],
  Cases: readonly PlacementCase[],
): PlacementExplanation {
  const Waiting = wanted.filter(isWaiting).length
  return { Service, Waiting, Placed: wanted.length - Waiting, Cases }
}

/** Those that are to run, in the order of their slots. */
function wantedTasks(state: StateView, serviceId: string): TaskRecord[] {
  return [...state.tasksOfService(serviceId)]
    .filter((task) => isDesiredAlive(task.DesiredState) && !isTerminal(task.Status.State))
    .sort((a, b) => (a.Slot ?? 0) - (b.Slot ?? 0) || a.CreatedAt.localeCompare(b.CreatedAt))
}

function isWaiting(task: TaskRecord): boolean {
  return isBefore(task.Status.State, 'assigned')
}

/** The task in a slot that one is likely to ask about, `web.3`; or the one whose container has the whole name. */
function taskNamed(state: StateView, name: string): TaskRecord | undefined {
  const dot = name.lastIndexOf('.')
  if (dot < 0) return undefined
  const owner = state.get('task', name.slice(dot + 1))
  if (owner && containerName(state, owner) === name) return owner
  const service = state.serviceNamed(name.slice(0, dot))
  if (!service) return undefined
  const inSlot = [...state.tasksOfService(service.ID)].filter((task) => taskName(state, task) === name)
  const interest = (task: TaskRecord): number => {
    if (!isDesiredAlive(task.DesiredState) || isTerminal(task.Status.State)) return 0
    return isWaiting(task) ? 2 : 1
  }
  return inSlot.sort((a, b) => interest(b) - interest(a) || b.CreatedAt.localeCompare(a.CreatedAt))[0]
}
