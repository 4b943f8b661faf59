/**
 * Addresses: of tasks (NEW → PENDING), of nodes in networks, of services (VIPs); published ports; subnets and
 * identifiers of networks. The orchestrator makes tasks that need addresses `new`, the scheduler takes them on when
 * they are pending, the dispatcher tells the agents what was given.
 *
 * book.ts knows what is taken and what rests; loop.ts wakes, decide.ts decides, commit.ts writes it down. What
 * services and networks get is decided in the API's own transactions: new-network.ts, endpoint.ts.
 */
export { AddressBook, REST_MS } from './book.js'
export { planEndpoint, type EndpointOrder } from './endpoint.js'
export { planIngress } from './ingress.js'
export { createAllocator, type AllocatorDeps } from './loop.js'
export { clusterNetworksOf, hasIngressPorts, ingressNetwork, isIngressPort, needsAddresses } from './needs.js'
export { newNetwork, type NetworkWish } from './new-network.js'
export { portConflict, type PortConflict, portKey } from './ports.js'
export { type Reservation, reserving } from './reservation.js'
