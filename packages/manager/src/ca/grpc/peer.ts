import { X509Certificate } from 'node:crypto'
import type { PeerCertificate, TLSSocket } from 'node:tls'
import { ShoalError } from '@shoal/common'
import { type CertificateRole, type Peer, peerOfCertificate } from '@shoal/common/tls/index'

/** The part of a gRPC call that tells who makes it. */
export interface AuthenticatedCall {
  getAuthContext(): { sslPeerCertificate?: PeerCertificate }
}

function peerOfRaw(raw: Buffer | undefined): Peer | undefined {
  if (raw === undefined) return undefined
  try {
    return peerOfCertificate(new X509Certificate(raw))
  } catch {
    // The cluster's root signed it, but it is no certificate of a node or client: it proves nothing.
    return undefined
  }
}

/** Who calls; undefined for a call without a certificate, or with one that does not hold. */
export function peerOf(call: AuthenticatedCall): Peer | undefined {
  // grpc-js shows a certificate only when TLS found it to be authorised.
  return peerOfRaw(call.getAuthContext().sslPeerCertificate?.raw)
}

/** The same for a connection of HTTPS. */
export function peerOfSocket(socket: TLSSocket): Peer | undefined {
  return socket.authorized ? peerOfRaw(socket.getPeerX509Certificate()?.raw) : undefined
}

/** @throws ShoalError `unauthenticated` without a peer, `permission-denied` for one of another role */
export function checkRole(peer: Peer | undefined, roles: readonly CertificateRole[]): Peer {
  if (peer === undefined) throw new ShoalError('unauthenticated', 'a certificate of this cluster is required')
  if (roles.includes(peer.role)) return peer
  throw new ShoalError(
    'permission-denied',
    `the role ${peer.role} may not do this: ${roles.join(' or ')} is required`,
  )
}

/** Who calls, if it is one of these roles. @throws as `checkRole` */
export function requireRole(call: AuthenticatedCall, roles: readonly CertificateRole[]): Peer {
  return checkRole(peerOf(call), roles)
}
