/**
 * What an agent is told of the network, beside its tasks (see `Document` in proto/shoal.proto). Each document
 * stands for itself and is replaced as a whole. Addresses are bare IPv4 addresses (`10.0.1.5`) unless they are
 * said to be CIDR. Docker has no documents for these: the names are ours, in the Engine API's manner.
 */

/** A network that this node takes part in. Kind `network`, its name is the network's ID. */
export interface NodeNetwork {
  ID: string
  Name: string
  /** CIDR. The same on every node: the network is one bridged segment. */
  Subnet: string
  /** The network's own gateway, answered for by every node on its own bridge. */
  Gateway: string
  /** The gateway address that is this node's alone: the address of its bridge. */
  NodeGateway: string
  /** CIDR: of an attachable network, the addresses that this node's engine may give to plain containers. */
  IPRange?: string
  /** The VXLAN network identifier. */
  Vni: number
  /** The UDP port of VXLAN. */
  DataPathPort: number
  /** Where this node itself is reached by others: the source address of its VXLAN packets. */
  NodeAddress: string
  /** Bytes; absent: the underlay's less what VXLAN adds. */
  Mtu?: number
  Internal: boolean
  Attachable: boolean
  Ingress: boolean
}

/** An address of a network that is on another node. Kind `peer`, its name is `<network ID>/<address>`. */
export interface NetworkPeer {
  NetworkID: string
  Address: string
  NodeID: string
  /** Where VXLAN packets for it go: the address of its node. */
  NodeAddress: string
  /** Whether it is the node's gateway on that network, and no container's. */
  Gateway: boolean
  /** CIDR, beside a gateway: the addresses that plain containers on its node may have. */
  IPRange?: string
}

/** Where the connections to a service may go. Kind `endpoints`, its name is the service's ID. */
export interface EndpointSet {
  ServiceID: string
  ServiceName: string
  Mode: 'vip' | 'dnsrr'
  Networks: EndpointNetwork[]
  /** The ports published in ingress mode, which every node answers. */
  Ports: EndpointPort[]
  /** The tasks that take new connections: running, healthy and not about to stop. */
  Endpoints: TaskEndpoint[]
}

export interface EndpointNetwork {
  NetworkID: string
  /** Absent with the mode `dnsrr`. */
  VirtualIP?: string
  /** Names, beside the service's own, that stand for the service on this network. */
  Aliases: string[]
}

export interface EndpointPort {
  Protocol: 'tcp' | 'udp'
  PublishedPort: number
  TargetPort: number
}

export interface TaskEndpoint {
  TaskID: string
  /** The task's name as its container bears it: `web.1.<task ID>`. */
  Name: string
  NodeID: string
  /** Its address on each of its networks, by network ID; on the ingress network too. */
  Addresses: Record<string, string>
  /** Its share of new connections, relative to the others; 1 for all of them as yet. */
  Weight: number
}

/**
 * A secret or config for the tasks of this node. Kinds `secret` and `config`, its name is its ID. It is not kept on
 * the node's disk.
 */
export interface StoredValue {
  ID: string
  Name: string
  /** Base64. */
  Data: string
  /** Its placeholders are filled in for each task. */
  Templating: boolean
}

/** Every kind of document by its name on the wire. */
export interface HostDocuments {
  network: NodeNetwork
  peer: NetworkPeer
  endpoints: EndpointSet
  secret: StoredValue
  config: StoredValue
}

export type HostDocumentKind = keyof HostDocuments
export const HOST_DOCUMENT_KINDS = [
  'network',
  'peer',
  'endpoints',
  'secret',
  'config',
] as const satisfies readonly HostDocumentKind[]

/** One document with its kind and its name. */
export type HostDocument = {
  [K in HostDocumentKind]: { readonly kind: K; readonly id: string; readonly body: HostDocuments[K] }
}[HostDocumentKind]

export interface HostDocumentName {
  readonly kind: HostDocumentKind
  readonly id: string
}

/** One text for a document's kind and name. */
export function hostDocumentKey({ kind, id }: HostDocumentName): string {
  return `${kind}/${id}`
}

/** The name behind a text that `hostDocumentKey` made. */
export function hostDocumentName(key: string): HostDocumentName {
  // Kinds have no slash; IDs may.
  const end = key.indexOf('/')
  return { kind: key.slice(0, end) as HostDocumentKind, id: key.slice(end + 1) }
}
