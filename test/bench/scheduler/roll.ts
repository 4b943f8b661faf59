import { isBefore, systemClock, toTimestamp } from '@shoal/common'
import {
  put,
  specId,
  withFields,
  type LiveState,
  type Mutation,
  type TaskRecord,
} from '@shoal/manager/state/index'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { stepsSeen } from './place.js'
import { startLoops, untilIdle } from './scale.js'

const AT_A_TIME = 10

export interface Rolled {
  /** CPU time for each batch of ten, in milliseconds: from its old tasks' stop until its new ones run. */
  readonly cpuMs: number
  /** The longest time for which the event loop stood still meanwhile. */
  readonly stallMs: number
}

/**
 * A rollout of the only service, ten replicas at a time, until so many batches have gone by, with the loops between a
 * service and its tasks' assignment at work. The agents are pretended: a task is at once what it is to be.
 */
export async function rollService(state: LiveState, batches: number): Promise<Rolled> {
  const stop = new AbortController()
  startLoops(state, stop.signal)
  obey(state)
  await untilIdle()
  const delay = monitorEventLoopDelay({ resolution: 2 })
  delay.enable()
  // The first batch pays for the look at all of them.
  await Promise.all([newTasksRun(state, AT_A_TIME), update(state)])
  const before = process.cpuUsage()
  await newTasksRun(state, AT_A_TIME * batches)
  const { user, system } = process.cpuUsage(before)
  delay.disable()
  stop.abort()
  return { cpuMs: (user + system) / 1000 / batches, stallMs: delay.max / 1e6 }
}

async function update(state: LiveState): Promise<void> {
  const [service] = state.all('service')
  const spec = service && state.specOf(service)
  if (!service || !spec) throw new Error('there is no service to be updated')
  const number = service.Shoal.SpecVersion + 1
  const TaskTemplate = { ...spec.TaskTemplate, ForceUpdate: number }
  const Spec = { ...service.Spec, TaskTemplate, UpdateConfig: { Parallelism: AT_A_TIME } }
  const target = {
    ...spec,
    ID: specId(service.ID, number),
    Version: { Index: 0 },
    Number: number,
    TaskTemplate,
  }
  await state.commit([
    put('spec', target),
    put('service', withFields(service, { Spec, Shoal: { ...service.Shoal, SpecVersion: number } })),
  ])
}

function newTasksRun(state: LiveState, count: number): Promise<void> {
  return stepsSeen(state, count, (before, after) => before !== 'running' && after === 'running')
}

function obey(state: LiveState): void {
  state.subscribe((changes) => {
    const answers = changes.flatMap(({ kind, after }) => (kind === 'task' && after ? answerTo(after) : []))
    // One that comes too late is followed by a change, which has its own.
    for (const answer of answers) state.commit([answer]).catch(() => undefined)
  })
}

function answerTo(task: TaskRecord): Mutation[] {
  const { NodeID, DesiredState: State, Status: status } = task
  if (NodeID === undefined || isBefore(status.State, 'assigned') || !isBefore(status.State, State)) return []
  const Status = { ...status, State, Message: State, Timestamp: toTimestamp(systemClock.now()) }
  return [put('task', withFields(task, { Status }))]
}
