/** What a daemon or a client shows to prove who it is, and what it trusts. */
import { createPrivateKey, type X509Certificate } from 'node:crypto'
import { ShoalError } from '../errors.js'
import { certificatesOf } from './certificate.js'
import { parseCertificate, type Peer, peerOfCertificate, readSubject, type Subject } from './subject.js'

export interface Identity {
  /** PKCS#8, PEM. */
  readonly keyPem: string
  /** The certificate followed by its issuer, PEM. */
  readonly certificatePem: string
  /** The roots to trust, PEM. */
  readonly rootsPem: string
}

/** Whether one of the roots signed this certificate. Says nothing of dates. */
export function isSignedByRoot(certificate: X509Certificate, rootsPem: string): boolean {
  return certificatesOf(rootsPem).some((der) => {
    const root = parseCertificate(der)
    return root.ca && certificate.checkIssued(root) && certificate.verify(root.publicKey)
  })
}

/**
 * Whom an identity speaks for, after a check that its parts belong together. Dates are not looked at.
 * @throws ShoalError `invalid-argument` when the key is another's or the certificate not the root's
 */
export function peerOfIdentity(identity: Identity): Peer {
  const certificate = parseCertificate(identity.certificatePem)
  if (!certificate.checkPrivateKey(createPrivateKey(identity.keyPem))) {
    throw new ShoalError('invalid-argument', 'the key does not belong to the certificate')
  }
  if (!isSignedByRoot(certificate, identity.rootsPem)) {
    throw new ShoalError('invalid-argument', 'the certificate was not signed by the cluster')
  }
  return peerOfCertificate(certificate)
}

/**
 * The cluster that a root belongs to.
 * @throws ShoalError `invalid-argument` when it names none
 */
export function clusterIdOfRoot(rootPem: string): string {
  const { O }: Record<string, unknown> = { ...parseCertificate(rootPem).toLegacyObject().subject }
  if (typeof O !== 'string') throw new ShoalError('invalid-argument', 'the root certificate names no cluster')
  return O
}

/**
 * For clients inside the cluster, as `checkServerIdentity` of TLS: managers are known by chain, role and
 * cluster, not by their address. The chain has been checked by TLS when this is called.
 * @param nodeId when given, no other manager's certificate does
 * @returns the check: undefined, or the error for which the connection is refused
 */
export function requireManager(
  clusterId: string,
  nodeId?: string,
): (host: string, certificate: { raw: Buffer }) => Error | undefined {
  return (_host, certificate) => {
    let subject: Subject
    try {
      subject = readSubject(parseCertificate(certificate.raw))
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
    if (subject.role !== 'manager') return new ShoalError('unauthenticated', 'the server is not a manager')
    if (subject.clusterId !== clusterId) {
      return new ShoalError('unauthenticated', 'the server is a manager of another cluster')
    }
    if (nodeId === undefined || subject.nodeId === nodeId) return undefined
    return new ShoalError('unauthenticated', `the server is the manager of the node ${subject.nodeId}`)
  }
}
