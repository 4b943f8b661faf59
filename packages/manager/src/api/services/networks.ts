import type { NetworkAttachmentConfig, ServiceSpec } from '@shoal/engine-api'
import { hasIngressPorts, ingressNetwork, portConflict } from '../../allocator/index.js'
import type { StateView } from '../../state/view.js'
import { predefinedNetwork } from '../answers/networks.js'
import { notImplemented, swarmError } from '../errors.js'
import { findNetwork } from '../request/lookup.js'

/**
 * The spec with its networks by their IDs, as Docker keeps them.
 * @throws ShoalError `not-found` for a network that nobody has, `invalid-argument` for the ingress network, an
 *   ambiguous beginning of an ID or a network that is named twice, `unimplemented`
 */
export function withNetworkIds(state: StateView, spec: ServiceSpec): ServiceSpec {
  const named = spec.TaskTemplate?.Networks
  if (!named) return spec
  const Networks = named.map((attachment) => ({ ...attachment, Target: networkId(state, attachment) }))
  const twice = Networks.find(
    ({ Target }, index) => Networks.findIndex((one) => one.Target === Target) < index,
  )
  if (twice)
    throw swarmError('invalid-argument', `service is attached to the network ${twice.Target} more than once`)
  refuseMixture(spec, Networks)
  return { ...spec, TaskTemplate: { ...spec.TaskTemplate, Networks } }
}

function networkId(state: StateView, { Target: target = '' }: NetworkAttachmentConfig): string {
  const predefined = predefinedNetwork(target)
  if (predefined !== undefined) return predefined
  const network = findNetwork(state, target)
  if (network.Spec.Ingress) {
    throw swarmError(
      'invalid-argument',
      `Service cannot be explicitly attached to the ingress network "${network.Spec.Name}"`,
    )
  }
  return network.ID
}

/** An engine gives a container one of its own networks, or those of the cluster, but not both. */
function refuseMixture({ EndpointSpec }: ServiceSpec, networks: readonly NetworkAttachmentConfig[]): void {
  const predefined = networks.find(({ Target = '' }) => predefinedNetwork(Target) !== undefined)
  if (!predefined) return
  if (networks.length > 1)
    throw notImplemented(`the network ${predefined.Target} together with other networks`)
  if (hasIngressPorts(EndpointSpec)) {
    throw notImplemented(`ports published in ingress mode on the network ${predefined.Target}`)
  }
}

/**
 * Refuses ports that others publish already, and ports that nothing could publish.
 * @throws ShoalError `invalid-argument`, `failed-precondition` in Docker's words
 */
export function checkPorts(state: StateView, serviceId: string, { EndpointSpec }: ServiceSpec): void {
  const conflict = portConflict(state, serviceId, EndpointSpec)
  if (conflict) {
    const { port, service, mode } = conflict
    const how = mode === 'host' ? 'a host-published port' : 'an ingress port'
    throw swarmError(
      'invalid-argument',
      `port '${port}' is already in use by service '${service.Spec.Name}' (${service.ID}) as ${how}`,
    )
  }
  if (hasIngressPorts(EndpointSpec) && !ingressNetwork(state)) {
    throw swarmError(
      'failed-precondition',
      'service needs ingress network, but no ingress network is present',
    )
  }
}
