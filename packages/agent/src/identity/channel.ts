import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js'
import { clusterIdOfRoot, type Identity, MANAGER_NAME, requireManager } from '@shoal/common/tls/index'

/**
 * Managers are known by chain, role and cluster, not by the address at which they are reached; so every one
 * is asked for by the same name, and addresses stay out of the handshake, where they are not allowed.
 */
export const MANAGER_CHANNEL_OPTIONS: ChannelOptions = { 'grpc.ssl_target_name_override': MANAGER_NAME }

/** For a newcomer: no certificate of its own yet, but the root is known. @param rootsPem trusted roots */
export function newcomerCredentials(rootsPem: string): ChannelCredentials {
  return credentials.createSsl(Buffer.from(rootsPem), null, null, {
    checkServerIdentity: requireManager(clusterIdOfRoot(rootsPem)),
  })
}

/**
 * Credentials for calls to managers: shows the identity, and accepts none but managers of its cluster.
 * After a renewal make others, and with them another channel. Use them with MANAGER_CHANNEL_OPTIONS.
 */
export function channelCredentials(identity: Identity): ChannelCredentials {
  return credentials.createSsl(
    Buffer.from(identity.rootsPem),
    Buffer.from(identity.keyPem),
    Buffer.from(identity.certificatePem),
    { checkServerIdentity: requireManager(clusterIdOfRoot(identity.rootsPem)) },
  )
}
