import type { EndpointSpec, PortConfig, TaskMaterial } from '@shoal/engine-api'
import type { NetworkRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'

/** The networks that every engine has of its own. In a spec their IDs are their names, in every cluster. */
const PREDEFINED: ReadonlySet<string> = new Set(['bridge', 'host', 'none'])

/** Whether it is published on every node, through the ingress network. */
export function isIngressPort(port: PortConfig): boolean {
  return (port.PublishMode || 'ingress') === 'ingress'
}

export function hasIngressPorts(endpoint: EndpointSpec | undefined): boolean {
  return endpoint?.Ports?.some(isIngressPort) ?? false
}

/** The IDs of the networks of the cluster that a template names, each once. */
export function clusterNetworksOf({ TaskTemplate }: TaskMaterial): string[] {
  const targets = (TaskTemplate?.Networks ?? []).map(({ Target = '' }) => Target)
  return [...new Set(targets)].filter((target) => target !== '' && !PREDEFINED.has(target))
}

/** Whether a task of this spec has to be given addresses before it is placed. */
export function needsAddresses(material: TaskMaterial): boolean {
  return hasIngressPorts(material.EndpointSpec) || clusterNetworksOf(material).length > 0
}

/** The one network through which ports are published on every node, while there is one. */
export function ingressNetwork(view: StateView): NetworkRecord | undefined {
  for (const network of view.all('network')) if (network.Spec.Ingress) return network
  return undefined
}

/** What stands in the way of a task: it is told so, and tried again. */
export interface Missing {
  readonly reason: string
}

/** The networks that a task of this spec is on, the ingress network first; or which of them is missing. */
export function networksOf(view: StateView, material: TaskMaterial): NetworkRecord[] | Missing {
  const networks: NetworkRecord[] = []
  if (hasIngressPorts(material.EndpointSpec)) {
    const ingress = ingressNetwork(view)
    if (!ingress) return { reason: 'the service publishes ports, and there is no ingress network' }
    networks.push(ingress)
  }
  for (const id of clusterNetworksOf(material)) {
    const network = view.get('network', id)
    if (!network) return { reason: `network ${id} not found` }
    networks.push(network)
  }
  return networks
}
