import type { EndpointNetwork, EndpointPort, EndpointSet, TaskEndpoint } from '@shoal/engine-api'
import { isIngressPort } from '../allocator/index.js'
import type { ServiceRecord, TaskRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'
import { addressesOf, bareAddress } from './addresses.js'

/** All of an endpoint set but the tasks. */
export type EndpointHead = Omit<EndpointSet, 'Endpoints'>

/** Whether the task takes new connections: it runs, is wanted running, has an address, and its node is not lost. */
export function isEndpoint(view: StateView, task: TaskRecord | undefined): boolean {
  if (!task || task.Status.State !== 'running' || task.DesiredState !== 'running') return false
  if (!task.NetworksAttachments?.some(({ Addresses }) => Addresses.length > 0)) return false
  const node = view.get('node', task.NodeID ?? '')
  return node !== undefined && node.Status.State !== 'down'
}

/** How a service is reached; undefined when it has neither a network of the cluster nor a port in ingress mode. */
export function endpointHead(view: StateView, service: ServiceRecord): EndpointHead | undefined {
  const Ports = ingressPorts(service)
  const Networks = networksOf(view, service)
  if (Ports.length + Networks.length === 0) return undefined
  return {
    ServiceID: service.ID,
    ServiceName: service.Spec.Name ?? '',
    Mode: modeOf(service),
    Networks,
    Ports,
  }
}

/** The document of a service's endpoints; undefined when it has none: see `endpointHead`. */
export function endpointSet(view: StateView, service: ServiceRecord): EndpointSet | undefined {
  const head = endpointHead(view, service)
  if (!head) return undefined
  const Endpoints: TaskEndpoint[] = []
  for (const task of view.tasksOfService(service.ID)) {
    if (isEndpoint(view, task)) Endpoints.push(taskEndpoint(head.ServiceName, task))
  }
  return { ...head, Endpoints }
}

function taskEndpoint(serviceName: string, task: TaskRecord): TaskEndpoint {
  const NodeID = task.NodeID ?? ''
  return {
    TaskID: task.ID,
    Name: `${serviceName}.${task.Slot ?? NodeID}.${task.ID}`,
    NodeID,
    Addresses: addressesOf(task),
    Weight: 1,
  }
}

function modeOf(service: ServiceRecord): EndpointSet['Mode'] {
  const mode = service.Endpoint.Spec?.Mode ?? service.Spec.EndpointSpec?.Mode
  return mode === 'dnsrr' ? 'dnsrr' : 'vip'
}

/** Nobody asks for names in the ingress network, nor for its VIPs: ports are what leads through it. */
function networksOf(view: StateView, service: ServiceRecord): EndpointNetwork[] {
  const configs = (view.specOf(service)?.TaskTemplate ?? service.Spec.TaskTemplate)?.Networks ?? []
  const networks = new Map<string, EndpointNetwork>()
  for (const { Target = '', Aliases = [] } of configs) {
    const network = view.get('network', Target)
    if (!network || network.Spec.Ingress) continue
    const vip = service.Endpoint.VirtualIPs?.find(({ NetworkID }) => NetworkID === Target)
    networks.set(Target, {
      NetworkID: Target,
      ...(vip && modeOf(service) === 'vip' && { VirtualIP: bareAddress(vip.Addr) }),
      Aliases: [...Aliases],
    })
  }
  return [...networks.values()]
}

function ingressPorts(service: ServiceRecord): EndpointPort[] {
  return (service.Endpoint.Ports ?? []).flatMap((port): EndpointPort[] => {
    const Protocol = port.Protocol || 'tcp'
    const { PublishedPort, TargetPort } = port
    if (!isIngressPort(port) || !isForwarded(Protocol) || !PublishedPort || !TargetPort) return []
    return [{ Protocol, PublishedPort, TargetPort }]
  })
}

function isForwarded(protocol: string): protocol is EndpointPort['Protocol'] {
  return protocol === 'tcp' || protocol === 'udp'
}
