/**
 * The parts of the PKI that managers and agents share: keys, certificates, requests for them, join tokens,
 * and what an identity is. It reaches neither network nor disk: files are handed in by the caller. Who may
 * have which certificate is decided by the manager's `ca`.
 */
export {
  BACKDATE_MS,
  type CertificateOrder,
  certificatesOf,
  createRoot,
  issueCertificate,
  type Root,
} from './certificate.js'
export {
  type CertificateRequest,
  createCertificateRequest,
  verifyCertificateRequest,
} from './certificate-request.js'
export { clusterIdOfRoot, type Identity, isSignedByRoot, peerOfIdentity, requireManager } from './identity.js'
export { type IdentityFileSystem, loadIdentity, saveIdentity } from './identity-files.js'
export {
  digestOfRoot,
  formatJoinToken,
  hexOfDigest,
  type JoinToken,
  parseJoinToken,
  secretsEqual,
} from './join-token.js'
export { createKeyPair, type KeyPair, keyPairOf } from './keys.js'
export { MANAGER_NAME, managerNames } from './names.js'
export { toPem } from './pem.js'
export { keepRenewed, renewalTime, type RenewalOptions } from './renewal.js'
export {
  CERTIFICATE_ROLES,
  type CertificateRole,
  parseCertificate,
  type Peer,
  peerOfCertificate,
  readSubject,
  type Subject,
  validityOf,
} from './subject.js'
export { tlsInfo } from './tls-info.js'
