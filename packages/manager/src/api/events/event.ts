import { unreachable } from '@shoal/common'
import type { ServiceSpec } from '@shoal/engine-api'
import type { Change, ChangeOf, NodeRecord, ServiceRecord } from '../../state/records.js'

/** What Docker calls the kinds of objects that a swarm has events of. */
export type EventType = 'service' | 'node' | 'network' | 'secret' | 'config'

interface Actor {
  readonly ID: string
  readonly Attributes: Readonly<Record<string, string>>
}

/** An event before it has a time. */
export interface Happening {
  readonly Type: EventType
  readonly Action: 'create' | 'update' | 'remove'
  readonly Actor: Actor
}

/** The same of a task's container. The fields in small letters are those of clients before Docker 1.10. */
export interface ContainerHappening {
  /** A `ContainerAction`, or what only the engine tells. */
  readonly status: string
  readonly id: string
  readonly from: string
  readonly Type: 'container'
  readonly Action: string
  readonly Actor: Actor
}

/** What follows from the state of a task. */
export type ContainerAction = 'start' | 'health_status: healthy' | 'health_status: unhealthy' | 'die'

/** An event as the API tells it. */
export type ClusterEvent = (Happening | ContainerHappening) & {
  /** Docker's own: what happens to one host's container is local to it. */
  readonly scope: 'swarm' | 'local'
  /** Seconds since the epoch. */
  readonly time: number
  /** The same in nanoseconds, as near as a double comes to it. */
  readonly timeNano: number
}

/** What users are told of a change of the state: what Docker's swarm tells, with its attributes. */
export function happeningOf(change: Change): Happening | undefined {
  switch (change.kind) {
    case 'service':
      return serviceHappening(change)
    case 'node':
      return nodeHappening(change)
    case 'network':
    case 'secret':
    case 'config': {
      const record = change.after ?? change.before
      return record && happening(change.kind, change, record.ID, { name: record.Spec.Name ?? '' })
    }
    case 'cluster':
    case 'spec':
    case 'task':
    case 'gateway':
      return undefined
    default:
      return unreachable(change)
  }
}

function happening(
  Type: EventType,
  { before, after }: Change,
  ID: string,
  Attributes: Readonly<Record<string, string>>,
): Happening {
  const changed = after ? 'update' : 'remove'
  return { Type, Action: before ? changed : 'create', Actor: { ID, Attributes } }
}

function serviceHappening(change: ChangeOf<'service'>): Happening | undefined {
  const { before, after } = change
  const service = after ?? before
  if (!service) return undefined
  const attributes = { name: service.Spec.Name ?? '' }
  if (!before || !after) return happening('service', change, service.ID, attributes)
  // What the orchestrator notes for itself is no event; Docker's users see their own changes and the update's state.
  const changes = { ...specChanges(before.Spec, after.Spec), ...updateStateChanges(before, after) }
  const told = Object.keys(changes).length > 0 || before.Spec !== after.Spec
  return told ? happening('service', change, service.ID, { ...attributes, ...changes }) : undefined
}

function specChanges(before: ServiceSpec, after: ServiceSpec): Record<string, string> {
  return {
    ...pair(
      'image',
      before.TaskTemplate?.ContainerSpec?.Image ?? '',
      after.TaskTemplate?.ContainerSpec?.Image ?? '',
    ),
    ...pair('replicas', replicasOf(before), replicasOf(after)),
  }
}

function replicasOf({ Mode: mode }: ServiceSpec): string {
  return String(mode?.Replicated?.Replicas ?? '')
}

function updateStateChanges(before: ServiceRecord, after: ServiceRecord): Record<string, string> {
  return pair('updatestate', before.UpdateStatus?.State ?? '', after.UpdateStatus?.State ?? '')
}

function nodeHappening(change: ChangeOf<'node'>): Happening | undefined {
  const { before, after } = change
  const node = after ?? before
  if (!node) return undefined
  const attributes = { name: node.Spec.Name || node.Description.Hostname }
  if (!before || !after) return happening('node', change, node.ID, attributes)
  const changes = {
    ...pair('availability', before.Spec.Availability ?? '', after.Spec.Availability ?? ''),
    ...pair('role', before.Spec.Role ?? '', after.Spec.Role ?? ''),
    ...pair('state', before.Status.State, after.Status.State),
    ...pair('reachability', reachability(before), reachability(after)),
  }
  const told = Object.keys(changes).length > 0 || before.Spec !== after.Spec
  return told ? happening('node', change, node.ID, { ...attributes, ...changes }) : undefined
}

function reachability({ ManagerStatus: status }: NodeRecord): string {
  return status?.Reachability ?? ''
}

/** Two attributes, when the values differ. */
function pair(name: string, before: string, after: string): Record<string, string> {
  if (before === after) return {}
  return { ...(before && { [`${name}.old`]: before }), ...(after && { [`${name}.new`]: after }) }
}
