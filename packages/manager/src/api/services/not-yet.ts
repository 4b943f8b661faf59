import type { ContainerSpec, ServiceSpec, TaskSpec } from '@shoal/engine-api'
import { isIngressPort } from '../../allocator/index.js'
import { predefinedNetwork } from '../answers/networks.js'
import { notImplemented } from '../errors.js'

/**
 * Refuses by name the fields that Docker honours and Shoal does not honour yet: nothing is silently ignored.
 * What is wrong with its networks in themselves, withNetworkIds says.
 * @throws ShoalError `unimplemented`
 */
export function refuseNotYet(spec: ServiceSpec): void {
  const template = spec.TaskTemplate ?? {}
  refuseEndpoint(spec)
  refuseTask(template)
  refuseNetworks(template)
  refuseContainer(template.ContainerSpec ?? {})
}

function refuseEndpoint(spec: ServiceSpec): void {
  for (const port of spec.EndpointSpec?.Ports ?? []) {
    if (isIngressPort(port) && port.Protocol === 'sctp') {
      throw notImplemented('published ports of SCTP in ingress mode; publish in host mode instead')
    }
  }
}

function refuseTask(template: TaskSpec): void {
  if (template.Runtime !== undefined && template.Runtime !== 'container') {
    throw notImplemented(`TaskTemplate.Runtime ${template.Runtime}`)
  }
  if (template.PluginSpec) throw notImplemented('TaskTemplate.PluginSpec')
  if (template.NetworkAttachmentSpec) throw notImplemented('TaskTemplate.NetworkAttachmentSpec')
}

function refuseNetworks(template: TaskSpec): void {
  const networks = template.Networks ?? []
  for (const { Target: target = '', Aliases: aliases, DriverOpts: options } of networks) {
    if (aliases?.length && predefinedNetwork(target) !== undefined) {
      throw notImplemented(`TaskTemplate.Networks.Aliases on the network ${target}`)
    }
    if (options && Object.keys(options).length > 0) {
      throw notImplemented(`TaskTemplate.Networks.DriverOpts on the network ${target}`)
    }
  }
}

const MOUNTS_NOT_YET = new Set(['npipe', 'cluster', 'image'])

function refuseContainer(container: ContainerSpec): void {
  if (container.Configs?.some(({ Runtime: runtime }) => runtime)) {
    throw notImplemented('ContainerSpec.Configs.Runtime')
  }
  if (
    container.Privileges?.CredentialSpec &&
    Object.values(container.Privileges.CredentialSpec).some(Boolean)
  ) {
    throw notImplemented('ContainerSpec.Privileges.CredentialSpec')
  }
  for (const mount of container.Mounts ?? []) {
    if (MOUNTS_NOT_YET.has(mount.Type ?? '')) throw notImplemented(`mounts of type ${mount.Type}`)
  }
}
