import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import { ServerCredentials } from '@grpc/grpc-js'
import type { Identity } from '@shoal/common/tls/index'

/**
 * What a TLS server of Shoal shows and trusts. Sessions are not resumed: a resumed one would answer for its
 * client by what was true when it began, and connections here are few and long.
 */
export function secureContextOptions(identity: Identity): SecureContextOptions {
  return {
    key: identity.keyPem,
    cert: identity.certificatePem,
    ca: identity.rootsPem,
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

/**
 * For the port that newcomers and members share: a client certificate is asked for, but not required, which
 * `ServerCredentials.createSsl` cannot say. One that does not hold (another root, expired, of its own making)
 * counts as none: `peerOf` then knows no peer. The certificate can be replaced while the server runs.
 */
export class ReloadableServerCredentials extends ServerCredentials {
  constructor(identity: Identity) {
    super({ requestCert: true, rejectUnauthorized: false }, secureContextOptions(identity))
  }

  /** Connections that are made from now on see this identity. */
  update(identity: Identity): void {
    this.updateSecureContextOptions(secureContextOptions(identity))
  }

  _equals(other: ServerCredentials): boolean {
    return this === other
  }
}
