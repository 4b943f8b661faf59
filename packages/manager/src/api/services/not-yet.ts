import { ShoalError } from '@shoal/common'
import type { ContainerSpec, ServiceMode, ServiceSpec, TaskSpec } from '@shoal/engine-api'
import { predefinedNetwork } from '../answers/networks.js'
import { notImplemented } from '../errors.js'

/**
 * Refuses by name the fields that Docker honours and Shoal does not honour yet: nothing is silently ignored.
 * @throws ShoalError `unimplemented`; `not-found` for a network that nobody has
 */
export function refuseNotYet(spec: ServiceSpec): void {
  const template = spec.TaskTemplate ?? {}
  refuseMode(spec.Mode ?? {})
  refuseEndpoint(spec)
  refuseTask(template)
  refuseNetworks(template)
  refuseContainer(template.ContainerSpec ?? {})
}

function refuseMode(mode: ServiceMode): void {
  if (mode.ReplicatedJob) throw notImplemented('Mode.ReplicatedJob: jobs')
  if (mode.GlobalJob) throw notImplemented('Mode.GlobalJob: jobs')
}

function refuseEndpoint(spec: ServiceSpec): void {
  const ports = spec.EndpointSpec?.Ports ?? []
  if (ports.some((port) => port.PublishMode === 'ingress')) {
    throw notImplemented('published ports in ingress mode; publish in host mode instead')
  }
  if (spec.EndpointSpec?.Mode === 'dnsrr') throw notImplemented('EndpointSpec.Mode dnsrr')
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
    if (predefinedNetwork(target) === undefined) {
      throw new ShoalError(
        'not-found',
        `network ${target} not found (user-defined networks are not implemented)`,
      )
    }
    if (aliases?.length) throw notImplemented(`TaskTemplate.Networks.Aliases on the network ${target}`)
    if (options && Object.keys(options).length > 0) {
      throw notImplemented(`TaskTemplate.Networks.DriverOpts on the network ${target}`)
    }
  }
  if (networks.length > 1) throw notImplemented('more than one of the predefined networks in one service')
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
