/**
 * What agents are told of the network: which documents there are (networks, peers, endpoint sets), whom each concerns,
 * and which of them a change concerns. It reads the state and decides nothing: addresses and VIPs come from the
 * allocator, and the dispatcher sends the documents.
 */
export { NetworkDocuments, type Audience, type Departure } from './network-documents.js'
export { addressesOf } from './addresses.js'
export { isEndpoint } from './endpoint-set.js'
