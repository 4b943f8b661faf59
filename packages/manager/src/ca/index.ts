/**
 * The cluster's certificate authority: the root, join tokens, and who gets which certificate. Certificates
 * themselves are made by `@shoal/common/tls`; `grpc/` puts the authority on the wire.
 */
export {
  type AuthorityOptions,
  CertificateAuthority,
  type Issued,
  type Joined,
  type JoinOrder,
} from './authority.js'
export {
  certificateValidityMs,
  joinTokens,
  newClusterRecord,
  type NewClusterOptions,
  rootOf,
  rotateJoinToken,
  tlsInfoOf,
} from './cluster.js'
export * from './grpc/index.js'
export { type HttpsOptions, ManagerIdentity, type ManagerIdentityOptions } from './manager-identity.js'
export { newNodeRecord, type NewNodeOptions } from './node-record.js'
export { issueClient, provisionAgent, provisionManager } from './provision.js'
