import type { AssignedTask, EndpointSet, HostDocument, NodeNetwork } from '@shoal/engine-api'

const NETWORK_ID = 'benchnetwork0000000000000'
export const BRIDGE = 'sb-benchnetwork'
/** So large that every endpoint has an address of its own. */
const PREFIX = 12
/** Where addresses of each kind begin in the subnet. */
const VIPS = 0x1_0000
const ENDPOINTS = 0x2_0000

export const GATEWAY = '10.16.0.2'
/** Somebody on the network, who asks. */
export const CLIENT = '10.16.0.10'
export const ENDPOINTS_EACH = 10
export const VIP = vipOf(0)

const NETWORK: NodeNetwork = {
  ID: NETWORK_ID,
  Name: 'bench',
  Subnet: `10.16.0.0/${PREFIX}`,
  Gateway: '10.16.0.1',
  NodeGateway: GATEWAY,
  Vni: 4097,
  DataPathPort: 4789,
  NodeAddress: '192.0.2.1',
  Internal: false,
  Attachable: false,
  Ingress: false,
}

function addressAt(offset: number): string {
  return `10.${16 + (offset >> 16)}.${(offset >> 8) & 255}.${offset & 255}`
}

function vipOf(service: number): string {
  return addressAt(VIPS + service)
}

function addressOf(service: number, endpoint: number): string {
  return addressAt(ENDPOINTS + service * ENDPOINTS_EACH + endpoint)
}

/** As a CIDR, for the device that has it. */
export const inSubnet = (address: string): string => `${address}/${PREFIX}`

/** The tasks of the first service run here, those of the others elsewhere. */
export const LOCAL_ADDRESSES = Array.from({ length: ENDPOINTS_EACH }, (_, index) => addressOf(0, index))

export function localTasks(): AssignedTask[] {
  return LOCAL_ADDRESSES.map((Address, index) => ({
    ID: `task-0-${index}`,
    ServiceID: 'service-0',
    ServiceName: 'service-0',
    ServiceLabels: {},
    NodeID: 'here',
    DesiredState: 'running',
    Spec: {},
    Ports: [],
    Attachments: [{ NetworkID: NETWORK_ID, Address, Aliases: [] }],
  }))
}

/** All that a node is told of so many services with ten endpoints each. */
export function documentsOf(services: number): HostDocument[] {
  const numbers = Array.from({ length: services }, (_, index) => index)
  const network: HostDocument = { kind: 'network', id: NETWORK_ID, body: NETWORK }
  return [network, ...numbers.slice(1).flatMap(peersOf), ...numbers.map((number) => endpointsOf(number))]
}

function peersOf(service: number): HostDocument[] {
  return Array.from({ length: ENDPOINTS_EACH }, (_, index) => {
    const place = { NodeID: 'there', NodeAddress: '192.0.2.2', Gateway: false }
    const Address = addressOf(service, index)
    const body = { NetworkID: NETWORK_ID, Address, ...place }
    return { kind: 'peer', id: `${NETWORK_ID}/${Address}`, body }
  })
}

/** @param without an endpoint that has left */
export function endpointsOf(service: number, without?: number): HostDocument {
  const id = `service-${service}`
  const indices = Array.from({ length: ENDPOINTS_EACH }, (_, index) => index)
  const body: EndpointSet = {
    ServiceID: id,
    ServiceName: id,
    Mode: 'vip',
    Networks: [{ NetworkID: NETWORK_ID, VirtualIP: vipOf(service), Aliases: [] }],
    Ports: [],
    Endpoints: indices
      .filter((index) => index !== without)
      .map((index) => ({
        TaskID: `task-${service}-${index}`,
        Name: `${id}.${index + 1}`,
        NodeID: service === 0 ? 'here' : 'there',
        Addresses: { [NETWORK_ID]: addressOf(service, index) },
        Weight: 1,
      })),
  }
  return { kind: 'endpoints', id, body }
}
