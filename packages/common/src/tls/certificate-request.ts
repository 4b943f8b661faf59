/** PKCS#10: how a newcomer shows that it holds a key, without showing the key. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { ShoalError } from '../errors.js'
import {
  type Asn1,
  bits,
  bitsOf,
  contentOf,
  decode,
  encode,
  integer,
  isContextTag,
  isOid,
  itemsOf,
  octets,
  oid,
  sequence,
  set,
  tagged,
} from './asn1.js'
import { ECDSA_WITH_SHA256 } from './certificate.js'
import { type KeyPair, spkiOf } from './keys.js'
import { namesFromAsn1, namesToAsn1 } from './names.js'
import { fromPem, toPem } from './pem.js'

const LABEL = 'CERTIFICATE REQUEST'
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const SUBJECT_ALT_NAME = '2.5.29.17'
/** Ours are some 500 bytes; the rest is room for a manager's names. */
const MAX_PEM_LENGTH = 16_384

/** What a verified request asks for. */
export interface CertificateRequest {
  readonly publicKey: KeyObject
  /** The hosts and addresses that a manager wants to be verified by. */
  readonly names: readonly string[]
}

function attributes(names: readonly string[]): Asn1 {
  if (names.length === 0) return tagged(0)
  const extension = sequence(oid(SUBJECT_ALT_NAME), octets(encode(namesToAsn1(names))))
  return tagged(0, sequence(oid(EXTENSION_REQUEST), set(sequence(extension))))
}

/**
 * A request, PEM. Its subject is empty: who the newcomer is, the cluster decides.
 * @param names hosts and addresses; only managers need them
 */
export function createCertificateRequest(key: KeyPair, names: readonly string[] = []): string {
  const version1 = integer(Buffer.of(0))
  const info = sequence(version1, sequence(), decode(spkiOf(key.publicKey)), attributes(names))
  const signature = sign('sha256', encode(info), createPrivateKey(key.keyPem))
  return toPem(LABEL, encode(sequence(info, sequence(oid(ECDSA_WITH_SHA256)), bits(signature))))
}

function requestedNames(attributeSet: Asn1 | undefined): string[] {
  if (attributeSet === undefined || !isContextTag(attributeSet, 0)) return []
  for (const attribute of itemsOf(attributeSet)) {
    const [type, values] = itemsOf(attribute)
    if (!isOid(type, EXTENSION_REQUEST)) continue
    for (const extension of itemsOf(itemsOf(values)[0])) {
      const parts = itemsOf(extension)
      if (isOid(parts[0], SUBJECT_ALT_NAME)) return namesFromAsn1(decode(contentOf(parts.at(-1))))
    }
  }
  return []
}

function parseRequest(der: Buffer): CertificateRequest {
  const [info, algorithm, signature] = itemsOf(decode(der))
  const [, , spki, attributeSet] = itemsOf(info)
  if (info === undefined || spki === undefined) throw new Error('a part is missing')
  if (!isOid(itemsOf(algorithm)[0], ECDSA_WITH_SHA256))
    throw new Error('the signature is not ECDSA with SHA-256')
  const publicKey = createPublicKey({ key: encode(spki), format: 'der', type: 'spki' })
  if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('the key is not on P-256')
  if (!verify('sha256', encode(info), publicKey, bitsOf(signature))) throw new Error('the signature is wrong')
  return { publicKey, names: requestedNames(attributeSet) }
}

/**
 * Checks that whoever made the request holds its key.
 * @throws ShoalError `invalid-argument` when it is malformed, of another kind of key, or was tampered with
 */
export function verifyCertificateRequest(pem: string): CertificateRequest {
  const [der] = pem.length <= MAX_PEM_LENGTH ? fromPem(LABEL, pem) : []
  if (der === undefined) throw new ShoalError('invalid-argument', 'invalid certificate request')
  try {
    return parseRequest(der)
  } catch (error) {
    throw new ShoalError('invalid-argument', 'invalid certificate request', error)
  }
}
