import { isTerminal } from '@shoal/common'
import { clusterNetworksOf } from '../../allocator/index.js'
import type { NetworkRecord, TaskRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'
import { taskName } from '../answers/task.js'

/** What `verbose` adds: a service on the network with its tasks there. */
interface NetworkService {
  VIP: string
  Ports: string[]
  LocalLBIndex: number
  Tasks: { Name: string; EndpointID: string; EndpointIP: string; Info: Record<string, string> }[]
}

/** The nodes that have a part in the network, by the address at which they are reached. */
export function peersOf(state: StateView, { ID }: NetworkRecord): { Name: string; IP: string }[] {
  return [...state.gatewaysOfNetwork(ID)].flatMap(({ NodeID }) => {
    const node = state.get('node', NodeID)
    return node ? [{ Name: node.Description.Hostname, IP: node.Status.Addr }] : []
  })
}

/** The services on the network, by name. */
export function servicesOn(state: StateView, { ID, Spec }: NetworkRecord): Record<string, NetworkService> {
  const services: Record<string, NetworkService> = {}
  for (const service of state.all('service')) {
    const tasks = [...state.tasksOfService(service.ID)].flatMap((task) => onNetwork(state, task, ID))
    if (tasks.length === 0 && !clusterNetworksOf(service.Spec).includes(ID)) continue
    const vip = service.Endpoint.VirtualIPs?.find(({ NetworkID }) => NetworkID === ID)?.Addr ?? ''
    services[service.Spec.Name ?? service.ID] = {
      VIP: vip.split('/')[0] ?? '',
      Ports: Spec.Ingress ? portsOf(service.Endpoint.Ports ?? []) : [],
      LocalLBIndex: 0,
      Tasks: tasks,
    }
  }
  return services
}

function onNetwork(state: StateView, task: TaskRecord, networkId: string): NetworkService['Tasks'] {
  const attachment = task.NetworksAttachments?.find(({ Network }) => Network.ID === networkId)
  if (!attachment || isTerminal(task.Status.State)) return []
  const node = task.NodeID === undefined ? undefined : state.get('node', task.NodeID)
  return [
    {
      Name: `${taskName(state, task)}.${task.ID}`,
      EndpointID: task.ID,
      EndpointIP: (attachment.Addresses[0] ?? '').split('/')[0] ?? '',
      Info: node ? { 'Host IP': node.Status.Addr } : {},
    },
  ]
}

function portsOf(ports: readonly { TargetPort?: number; PublishedPort?: number }[]): string[] {
  return ports.map(
    ({ TargetPort = 0, PublishedPort = 0 }) => `Target: ${TargetPort}, Publish: ${PublishedPort}`,
  )
}
