import { X509Certificate } from 'node:crypto'
import { ShoalError } from '../errors.js'
import { type Asn1, oid, sequence, set, utf8 } from './asn1.js'

export const CERTIFICATE_ROLES = ['manager', 'worker', 'client'] as const
export type CertificateRole = (typeof CERTIFICATE_ROLES)[number]

/** Whom a certificate speaks for. */
export interface Subject {
  /** CN: the node's ID; for clients their name. */
  readonly nodeId: string
  /** OU. */
  readonly role: CertificateRole
  /** O: the cluster's ID. */
  readonly clusterId: string
}

/** The subject of a certificate whose chain has been checked, and how long it may be believed. */
export interface Peer extends Subject {
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number
}

const COMMON_NAME = '2.5.4.3'
const ORGANIZATION = '2.5.4.10'
const ORGANIZATIONAL_UNIT = '2.5.4.11'

function nameOf(...attributes: readonly (readonly [type: string, value: string])[]): Asn1 {
  return sequence(...attributes.map(([type, value]) => set(sequence(oid(type), utf8(value)))))
}

/** The distinguished name of a subject, as certificates carry it. */
export function subjectName(subject: Subject): Asn1 {
  return nameOf(
    [ORGANIZATION, subject.clusterId],
    [ORGANIZATIONAL_UNIT, subject.role],
    [COMMON_NAME, subject.nodeId],
  )
}

/** The distinguished name of a cluster's root. */
export function rootName(clusterId: string): Asn1 {
  return nameOf([ORGANIZATION, clusterId], [COMMON_NAME, 'shoal-ca'])
}

/** @throws ShoalError `invalid-argument` for text or bytes that are no certificate */
export function parseCertificate(certificate: string | Buffer): X509Certificate {
  try {
    return new X509Certificate(certificate)
  } catch (error) {
    throw new ShoalError('invalid-argument', 'invalid certificate', error)
  }
}

/**
 * What a certificate of Shoal says of its holder. It does not check who signed it.
 * @throws ShoalError `invalid-argument` when it is none, or its subject has another form
 */
export function readSubject(certificate: string | X509Certificate): Subject {
  const parsed = typeof certificate === 'string' ? parseCertificate(certificate) : certificate
  // A name that stands twice comes as an array, whatever the types say: that is none of ours.
  const { CN, OU, O }: Record<string, unknown> = { ...parsed.toLegacyObject().subject }
  const role = CERTIFICATE_ROLES.find((known) => known === OU)
  if (typeof CN !== 'string' || typeof O !== 'string' || role === undefined) {
    throw new ShoalError('invalid-argument', 'the certificate names no node, role and cluster')
  }
  return { nodeId: CN, role, clusterId: O }
}

/** The span in which a certificate may be believed, in milliseconds since the epoch. */
export function validityOf(certificate: X509Certificate): { notBeforeMs: number; notAfterMs: number } {
  return { notBeforeMs: Date.parse(certificate.validFrom), notAfterMs: Date.parse(certificate.validTo) }
}

/** The peer that a certificate of a checked chain speaks for. @throws as `readSubject` */
export function peerOfCertificate(certificate: X509Certificate): Peer {
  return { ...readSubject(certificate), notAfterMs: validityOf(certificate).notAfterMs }
}
