/**
 * Who this host is in the cluster: it joins by token, keeps key and certificate in a folder, and renews them
 * in time. Its neighbours: `@shoal/common/tls`, which makes keys and requests; session/, which shows the identity.
 */
export { AgentIdentity, type IdentityOptions, obtainIdentity } from './agent-identity.js'
export { channelCredentials, MANAGER_CHANNEL_OPTIONS } from './channel.js'
export { parseAddress } from './fetch-root.js'
export { type Admission, join, type JoinOptions } from './join.js'
