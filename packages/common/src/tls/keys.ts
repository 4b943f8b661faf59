import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

/** A private key never leaves the process or the host that made it, except into its own key file. */
export interface KeyPair {
  /** PKCS#8, PEM. */
  readonly keyPem: string
  readonly publicKey: KeyObject
}

/** A P-256 key: made in well below a millisecond, where RSA takes over a hundred. */
export function createKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKey }
}

/** The pair that a private key (PEM) belongs to. @throws Error for text that is no key */
export function keyPairOf(keyPem: string): KeyPair {
  return { keyPem, publicKey: createPublicKey(createPrivateKey(keyPem)) }
}

/** The SubjectPublicKeyInfo of a key, DER. */
export function spkiOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' })
}
