/** Helpers for the scheduler's tests: small clusters without a store, and what is decided in them. */
import { seededRandom } from '@shoal/common'
import type { EndpointSpec, GenericResource, TaskSpec } from '@shoal/engine-api'
import { MemoryState } from '../../state/memory-state.js'
import {
  put,
  type NodeRecord,
  type ServiceRecord,
  type SpecRecord,
  type TaskRecord,
} from '../../state/records.js'
import { aNode, aSpec, aTask } from '../../state/testing/index.js'
import { decideGroup, type Decision } from '../decide.js'
import type { UseOf } from '../measured-use.js'
import { NodeSet } from '../node-set.js'
import { spread, type Strategy } from '../strategy.js'

export interface Given {
  readonly nodes: readonly NodeRecord[]
  /** Tasks that are there already. */
  readonly tasks?: readonly TaskRecord[]
  readonly specs?: readonly SpecRecord[]
  readonly services?: readonly ServiceRecord[]
  readonly nowMs?: number
  readonly strategy?: Strategy
  readonly useOf?: UseOf
}

/** When the tests' decisions are made, in milliseconds since the epoch. */
export const NOW = Date.UTC(2026, 0, 1)

/** A view that holds these records, without a store. */
export function viewOf(given: Given): MemoryState {
  const view = new MemoryState()
  const mutations = [
    ...given.nodes.map((node) => put('node', node)),
    ...(given.specs ?? [specWith({})]).map((spec) => put('spec', spec)),
    ...(given.services ?? []).map((service) => put('service', service)),
    ...(given.tasks ?? []).map((task) => put('task', task)),
  ]
  view.apply(
    mutations.map(
      ({ kind, record }, index) => ({ kind, slot: record.ID, revision: index + 1, record }) as never,
    ),
  )
  return view
}

/** Decides on pending tasks, which the view knows, too. */
export function decide(given: Given, waiting: readonly TaskRecord[]): Decision[] {
  const set = NodeSet.of(viewOf({ ...given, tasks: [...(given.tasks ?? []), ...waiting] }), given.useOf)
  const [first] = waiting
  const demand = first && set.demandOf(first.ServiceID, first.Shoal.SpecVersion)
  if (demand === undefined) throw new Error('the pending tasks have no spec')
  const { strategy = spread, nowMs = NOW } = given
  return [...decideGroup({ set, demand, tasks: waiting, strategy, random: seededRandom(7), nowMs })]
}

export function outcomes(decisions: readonly Decision[]): string[] {
  return decisions.map((decision) => {
    if (decision.type === 'assign') return decision.nodeId
    return decision.type === 'refuse' ? decision.reason : 'left alone'
  })
}

export function specWith(TaskTemplate: TaskSpec, endpoint?: EndpointSpec): SpecRecord {
  return { ...aSpec('web', 1), TaskTemplate, ...(endpoint && { EndpointSpec: endpoint }) }
}

export function status(State: TaskRecord['Status']['State']): TaskRecord['Status'] {
  return { Timestamp: '2026-01-01T00:00:00.000Z', State, Message: '' }
}

export function pending(id: string, changes: Partial<TaskRecord> = {}): TaskRecord {
  return aTask(id, { Status: status('pending'), ...changes })
}

export function running(id: string, NodeID: string, changes: Partial<TaskRecord> = {}): TaskRecord {
  return aTask(id, { NodeID, Status: status('running'), ...changes })
}

export function labelled(id: string, Labels: Record<string, string>): NodeRecord {
  return { ...aNode(id), Spec: { Labels } }
}

export function offering(id: string, GenericResources: GenericResource[]): NodeRecord {
  const node = aNode(id)
  return { ...node, Description: { ...node.Description, Resources: { GenericResources } } }
}

export function withPlugins(id: string, ...plugins: string[]): NodeRecord {
  const node = aNode(id)
  const Plugins = plugins.map((plugin) => {
    const [Type = '', Name = ''] = plugin.split('/')
    return { Type, Name }
  })
  return { ...node, Description: { ...node.Description, Engine: { EngineVersion: '28.0.0', Plugins } } }
}

export const discrete = (Kind: string, Value: number): GenericResource => ({
  DiscreteResourceSpec: { Kind, Value },
})
export const named = (Kind: string, Value: string): GenericResource => ({
  NamedResourceSpec: { Kind, Value },
})
export const reserving = (NanoCPUs: number, MemoryBytes = 0): TaskSpec => ({
  Resources: { Reservations: { NanoCPUs, MemoryBytes } },
})
export const publishing = (PublishedPort: number, Protocol = 'tcp'): EndpointSpec => ({
  Ports: [{ Protocol, TargetPort: 80, PublishedPort, PublishMode: 'host' }],
})
export const volumeOf = (Name: string): TaskSpec => ({
  ContainerSpec: { Mounts: [{ Type: 'volume', Target: '/data', VolumeOptions: { DriverConfig: { Name } } }] },
})
