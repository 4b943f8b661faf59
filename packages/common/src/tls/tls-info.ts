import { itemsOf, decode, encode } from './asn1.js'
import { certificatesOf } from './certificate.js'
import { spkiOf } from './keys.js'
import { parseCertificate } from './subject.js'

const SUBJECT_FIELD = 5

/**
 * What the Engine API says of a cluster's root (`TLSInfo`).
 * @param rootPem the root certificate; with several, the first is the one that signs
 * @throws ShoalError `invalid-argument` when there is none
 */
export function tlsInfo(rootPem: string): {
  TrustRoot: string
  CertIssuerSubject: string
  CertIssuerPublicKey: string
} {
  const [root = Buffer.of()] = certificatesOf(rootPem)
  const subject = itemsOf(itemsOf(decode(root))[0])[SUBJECT_FIELD]
  return {
    TrustRoot: rootPem,
    CertIssuerSubject: subject === undefined ? '' : encode(subject).toString('base64'),
    CertIssuerPublicKey: spkiOf(parseCertificate(root).publicKey).toString('base64'),
  }
}
