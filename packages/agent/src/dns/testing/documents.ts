import type { AssignedTask, EndpointSet, NodeNetwork } from '@shoal/engine-api'

/** A network `name` of this host, whose ID is `<name>-id`. */
export function network(name: string, subnet: string, changes: Partial<NodeNetwork> = {}): NodeNetwork {
  const [a, b, c] = subnet.split('.')
  return {
    ID: `${name}-id`,
    Name: name,
    Subnet: subnet,
    Gateway: `${a}.${b}.${c}.1`,
    NodeGateway: `${a}.${b}.${c}.2`,
    Vni: 4097,
    DataPathPort: 4789,
    NodeAddress: '192.0.2.1',
    Internal: false,
    Attachable: false,
    Ingress: false,
    ...changes,
  }
}

/** A service `name` whose ID is `<name>-id`, on one network, with tasks at these addresses. */
export function service(
  name: string,
  networkId: string,
  addresses: readonly string[],
  { aliases = [], vip }: { readonly aliases?: string[]; readonly vip?: string } = {},
): EndpointSet {
  return {
    ServiceID: `${name}-id`,
    ServiceName: name,
    Mode: vip === undefined ? 'dnsrr' : 'vip',
    Networks: [{ NetworkID: networkId, Aliases: aliases, ...(vip !== undefined && { VirtualIP: vip }) }],
    Ports: [],
    Endpoints: addresses.map((address, index) => ({
      TaskID: `t${index + 1}`,
      Name: `${name}.${index + 1}.t${index + 1}`,
      NodeID: 'node',
      Addresses: { [networkId]: address },
      Weight: 1,
    })),
  }
}

/** A task of this host, at an address on each of its networks. */
export function localTask(
  id: string,
  addresses: Readonly<Record<string, string>>,
  nameServers: string[] = [],
): AssignedTask {
  return {
    ID: id,
    ServiceID: 'asker-id',
    ServiceName: 'asker',
    ServiceLabels: {},
    NodeID: 'node',
    DesiredState: 'running',
    Spec: { ContainerSpec: { Image: 'any', DNSConfig: { Nameservers: nameServers } } },
    Ports: [],
    Attachments: Object.entries(addresses).map(([NetworkID, Address]) => ({
      NetworkID,
      Address,
      Aliases: [],
    })),
  }
}
