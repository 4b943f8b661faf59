import type { StateView } from '../../state/view.js'
import { clusterExecId } from '../containers/exec-id.js'
import { containerName } from '../containers/find.js'
import { hasHealthCheck } from '../containers/health.js'
import type { ClusterEvent } from './event.js'

const OWN_LABEL = 'io.shoal.'
const TASK_ID = 'com.docker.swarm.task.id'
const TASK_NAME = 'com.docker.swarm.task.name'

/** What container-event.ts tells of every container. */
const TOLD_BY_STATE: ReadonlySet<string> = new Set(['start', 'die'])

export function isToldByState(action: string): boolean {
  return TOLD_BY_STATE.has(action)
}

/** Whether every manager tells of it by itself: by what changes in the state. */
export function isKnownByState(
  { Action, Actor }: Pick<EngineEvent, 'Action' | 'Actor'>,
  state: StateView,
): boolean {
  if (isToldByState(Action)) return true
  const task = state.get('task', Actor.Attributes[TASK_ID] ?? '')
  return task !== undefined && Action.startsWith('health_status') && hasHealthCheck(state, task)
}

/** What is read of an engine's event. */
interface EngineEvent {
  readonly Type: 'container'
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
  readonly time: number
  readonly timeNano: number
}

/**
 * An event that a node's engine tells of a task's container, as the cluster tells it: with Docker's attributes, under
 * the container's name in the cluster, with its node.
 * @returns undefined for what is none, and for what is told by the state
 */
export function clusterEventOf(
  document: unknown,
  nodeId: string,
  state: StateView,
): ClusterEvent | undefined {
  if (!isEngineEvent(document) || isKnownByState(document, state)) return undefined
  const { Action, Actor, time, timeNano } = document
  const task = state.get('task', Actor.Attributes[TASK_ID] ?? '')
  const { image: engineImage = '', execID, name = '', ...others } = Actor.Attributes
  const spec = task && state.specOf(task)
  const image = spec?.TaskTemplate?.ContainerSpec?.Image ?? engineImage
  const Attributes = {
    ...Object.fromEntries(Object.entries(others).filter(([label]) => !label.startsWith(OWN_LABEL))),
    ...(execID !== undefined && { execID: clusterExecId(execID, nodeId) }),
    image,
    name: task ? containerName(state, task) : (others[TASK_NAME] ?? name),
    'com.docker.swarm.node.id': nodeId,
    'node.name': state.get('node', nodeId)?.Description.Hostname ?? nodeId,
  }
  return {
    status: Action,
    id: Actor.ID,
    from: image,
    Type: 'container',
    Action,
    Actor: { ID: Actor.ID, Attributes },
    scope: 'local',
    time,
    timeNano,
  }
}

function isEngineEvent(document: unknown): document is EngineEvent {
  const { Type, Action, Actor, time, timeNano } = (document ?? {}) as Partial<Record<string, unknown>>
  const { ID, Attributes } = (Actor ?? {}) as Partial<Record<string, unknown>>
  return (
    Type === 'container' &&
    typeof Action === 'string' &&
    typeof ID === 'string' &&
    typeof time === 'number' &&
    typeof timeNano === 'number' &&
    typeof Attributes === 'object' &&
    Attributes !== null &&
    Object.values(Attributes).every((value) => typeof value === 'string')
  )
}
