import { isAtLeast, isDesiredAlive } from '@shoal/common'
import type { ServiceSpec } from '@shoal/engine-api'
import { clusterNetworksOf, hasIngressPorts } from '../../allocator/index.js'
import {
  remove,
  type Mutation,
  type NetworkRecord,
  type ServiceRecord,
  type TaskRecord,
} from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { swarmError } from '../errors.js'

/**
 * The removal of a network that nobody needs. Tasks that are told to stop do not keep it: `stack rm` removes the
 * networks right after the services.
 * @throws ShoalError `failed-precondition` in Docker's words while it is in use
 */
export function planRemoveNetwork(state: StateView, network: NetworkRecord): Mutation[] {
  const use = network.Spec.Ingress ? useOfIngress(state) : useOf(state, network)
  if (use !== undefined) throw swarmError('failed-precondition', use)
  return [remove('network', network)]
}

/** Why the network cannot be removed; undefined when it can. */
function useOf(state: StateView, { ID }: NetworkRecord): string | undefined {
  for (const service of state.all('service')) {
    if (specsInForce(service).some((spec) => clusterNetworksOf(spec).includes(ID))) {
      return `network ${ID} is in use by service ${service.ID}`
    }
  }
  for (const task of state.all('task')) {
    if (isWanted(task) && isOn(state, task, ID)) return `network ${ID} is in use by task ${task.ID}`
  }
  return undefined
}

function useOfIngress(state: StateView): string | undefined {
  for (const service of state.all('service')) {
    if (specsInForce(service).some((spec) => hasIngressPorts(spec.EndpointSpec))) {
      return `ingress network cannot be removed because service ${service.ID} depends on it`
    }
  }
  return undefined
}

/** Its spec, and while an update goes on the one that it may roll back to by itself. */
function specsInForce({ Spec, PreviousSpec, UpdateStatus }: ServiceRecord): ServiceSpec[] {
  return PreviousSpec && UpdateStatus?.State === 'updating' ? [Spec, PreviousSpec] : [Spec]
}

function isWanted({ DesiredState, Status }: TaskRecord): boolean {
  return isDesiredAlive(DesiredState) && (Status.State === 'running' || !isAtLeast(Status.State, 'running'))
}

function isOn(state: StateView, task: TaskRecord, networkId: string): boolean {
  const given = task.NetworksAttachments
  if (given) return given.some(({ Network }) => Network.ID === networkId)
  const spec = state.specOf(task)
  return spec !== undefined && clusterNetworksOf(spec).includes(networkId)
}

/** Whether nobody uses the network. */
export function isDangling(state: StateView, network: NetworkRecord): boolean {
  return (network.Spec.Ingress ? useOfIngress(state) : useOf(state, network)) === undefined
}
