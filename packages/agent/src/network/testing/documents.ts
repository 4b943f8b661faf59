import type { EndpointSet, NetworkPeer, NodeNetwork, TaskEndpoint } from '@shoal/engine-api'
import type { HostView } from '../plan/index.js'

/** The overlay network of most tests, as node 1 has it. */
export function aNetwork(changes: Partial<NodeNetwork> = {}): NodeNetwork {
  return {
    ID: 'network1aaaaaaaaaaaaaaaaa',
    Name: 'front',
    Subnet: '10.0.1.0/24',
    Gateway: '10.0.1.1',
    NodeGateway: '10.0.1.2',
    Vni: 4097,
    DataPathPort: 4789,
    NodeAddress: '192.168.7.1',
    Internal: false,
    Attachable: false,
    Ingress: false,
    ...changes,
  }
}

export function anIngress(changes: Partial<NodeNetwork> = {}): NodeNetwork {
  return aNetwork({
    ID: 'ingressaaaaaaaaaaaaaaaaaa',
    Name: 'ingress',
    Subnet: '10.0.0.0/24',
    Gateway: '10.0.0.1',
    NodeGateway: '10.0.0.2',
    Vni: 4096,
    Ingress: true,
    ...changes,
  })
}

export function aPeer(
  network: NodeNetwork,
  address: string,
  changes: Partial<NetworkPeer> = {},
): NetworkPeer {
  return {
    NetworkID: network.ID,
    Address: address,
    NodeID: 'node2',
    NodeAddress: '192.168.7.2',
    Gateway: false,
    ...changes,
  }
}

export function anEndpoint(taskId: string, addresses: Record<string, string>, weight = 1): TaskEndpoint {
  return { TaskID: taskId, Name: `web.1.${taskId}`, NodeID: 'node1', Addresses: addresses, Weight: weight }
}

export function aService(changes: Partial<EndpointSet> = {}): EndpointSet {
  return {
    ServiceID: 'service1',
    ServiceName: 'web',
    Mode: 'vip',
    Networks: [],
    Ports: [],
    Endpoints: [],
    ...changes,
  }
}

export function aView(
  networks: readonly NodeNetwork[],
  changes: { peers?: readonly NetworkPeer[]; services?: readonly EndpointSet[] } & Partial<
    Pick<HostView, 'local' | 'hostPorts'>
  > = {},
): HostView {
  const { peers = [], services = [], local = [], hostPorts = new Set<string>() } = changes
  return {
    networks: new Map(networks.map((network) => [network.ID, network])),
    peers: new Map(peers.map((peer) => [`${peer.NetworkID}/${peer.Address}`, peer])),
    services: new Map(services.map((service) => [service.ServiceID, service])),
    local,
    hostPorts,
    underlayMtu: () => 1500,
  }
}
