/** Making certificates: the structure is DER by node-forge, keys and signatures are node:crypto's. */
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { ShoalError } from '../errors.js'
import {
  type Asn1,
  bits,
  boolean,
  decode,
  encode,
  integer,
  octets,
  oid,
  sequence,
  tagged,
  taggedBytes,
  time,
} from './asn1.js'
import { createKeyPair, spkiOf } from './keys.js'
import { namesToAsn1 } from './names.js'
import { fromPem, toPem } from './pem.js'
import { parseCertificate, rootName, type Subject, subjectName, validityOf } from './subject.js'

export const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'

const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

const HOUR_MS = 3_600_000
const ROOT_VALIDITY_MS = 20 * 365 * 24 * HOUR_MS
/** Certificates begin this much before they are made, for hosts whose clocks are slow. */
export const BACKDATE_MS = HOUR_MS

/** A certificate authority: its certificate, which all know, and its key, which only managers know. */
export interface Root {
  readonly certificatePem: string
  /** PKCS#8, PEM. */
  readonly keyPem: string
}

interface ToBeSigned {
  readonly issuer: Asn1
  readonly subject: Asn1
  readonly publicKey: KeyObject
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly extensions: readonly Asn1[]
}

function extension(type: string, critical: boolean, value: Asn1): Asn1 {
  return sequence(oid(type), ...(critical ? [boolean(true)] : []), octets(encode(value)))
}

/** RFC 5280, 4.2.1.2, method 1, but with SHA-256: an identity of the key. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha256').update(spkiOf(publicKey)).digest().subarray(0, 20)
}

/** Unique because the key or the instant differs; unpredictable because the key is. 127 bits. */
function serialNumber(parts: ToBeSigned): Buffer {
  const content = [
    encode(parts.subject),
    spkiOf(parts.publicKey),
    Buffer.from(`${parts.notBeforeMs} ${parts.notAfterMs}`),
  ]
  const serial = createHash('sha256').update(Buffer.concat(content)).digest().subarray(0, 16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return serial
}

function signCertificate(parts: ToBeSigned, signingKeyPem: string): string {
  const algorithm = sequence(oid(ECDSA_WITH_SHA256))
  const version3 = tagged(0, integer(Buffer.of(2)))
  const toBeSigned = sequence(
    version3,
    integer(serialNumber(parts)),
    algorithm,
    parts.issuer,
    sequence(time(parts.notBeforeMs), time(parts.notAfterMs)),
    parts.subject,
    decode(spkiOf(parts.publicKey)),
    tagged(3, sequence(...parts.extensions)),
  )
  const signature = sign('sha256', encode(toBeSigned), createPrivateKey(signingKeyPem))
  return toPem('CERTIFICATE', encode(sequence(toBeSigned, algorithm, bits(signature))))
}

/**
 * A new root for a cluster: its own key, valid for 20 years, signing leaves only.
 * @param nowMs milliseconds since the epoch
 */
export function createRoot(clusterId: string, nowMs: number): Root {
  const { keyPem, publicKey } = createKeyPair()
  const name = rootName(clusterId)
  const noIntermediates = sequence(boolean(true), integer(Buffer.of(0)))
  const signCertificatesAndRevocationLists = bits(Buffer.of(0x06), 1)
  const certificatePem = signCertificate(
    {
      issuer: name,
      subject: name,
      publicKey,
      notBeforeMs: nowMs - BACKDATE_MS,
      notAfterMs: nowMs + ROOT_VALIDITY_MS,
      extensions: [
        extension(EXTENSION.basicConstraints, true, noIntermediates),
        extension(EXTENSION.keyUsage, true, signCertificatesAndRevocationLists),
        extension(EXTENSION.subjectKeyIdentifier, false, octets(keyIdentifier(publicKey))),
      ],
    },
    keyPem,
  )
  return { certificatePem, keyPem }
}

/**
 * Only managers may be servers, and only they have names. Clients that look at names alone, as the docker
 * CLI does, can then not be fooled by a worker.
 */
function leafExtensions(order: CertificateOrder, rootKey: KeyObject): Asn1[] {
  const isServer = order.subject.role === 'manager'
  const usages = [CLIENT_AUTH, ...(isServer ? [SERVER_AUTH] : [])]
  const digitalSignature = bits(Buffer.of(0x80), 7)
  const names = isServer ? (order.names ?? []) : []
  return [
    extension(EXTENSION.basicConstraints, true, sequence()),
    extension(EXTENSION.keyUsage, true, digitalSignature),
    extension(EXTENSION.extendedKeyUsage, false, sequence(...usages.map(oid))),
    extension(EXTENSION.subjectKeyIdentifier, false, octets(keyIdentifier(order.publicKey))),
    extension(EXTENSION.authorityKeyIdentifier, false, sequence(taggedBytes(0, keyIdentifier(rootKey)))),
    ...(names.length > 0 ? [extension(EXTENSION.subjectAltName, false, namesToAsn1(names))] : []),
  ]
}

/** What to certify. */
export interface CertificateOrder {
  readonly root: Root
  readonly publicKey: KeyObject
  readonly subject: Subject
  /** Hosts and addresses of a manager; other roles have none. */
  readonly names?: readonly string[]
  /** Milliseconds since the epoch; the certificate begins an hour earlier. */
  readonly nowMs: number
  /** How long from now, in milliseconds; never beyond the root's own end. */
  readonly validityMs: number
}

/**
 * Certifies a key.
 * @returns the certificate followed by its issuer, PEM: servers send both, so that a newcomer sees the root
 */
export function issueCertificate(order: CertificateOrder): string {
  const rootCertificate = parseCertificate(order.root.certificatePem)
  const rootEndsMs = validityOf(rootCertificate).notAfterMs
  const leaf = signCertificate(
    {
      issuer: rootName(order.subject.clusterId),
      subject: subjectName(order.subject),
      publicKey: order.publicKey,
      notBeforeMs: order.nowMs - BACKDATE_MS,
      notAfterMs: Math.min(order.nowMs + order.validityMs, rootEndsMs),
      extensions: leafExtensions(order, rootCertificate.publicKey),
    },
    order.root.keyPem,
  )
  return leaf + order.root.certificatePem
}

/** The DER of every certificate in the text. @throws ShoalError `invalid-argument` when there is none */
export function certificatesOf(pem: string): Buffer[] {
  const all = fromPem('CERTIFICATE', pem)
  if (all.length === 0) throw new ShoalError('invalid-argument', 'invalid certificate')
  return all
}
