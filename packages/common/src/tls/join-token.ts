/** Join tokens in Swarm's form: SWMTKN-1-<digest of the root>-<secret>. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { ShoalError } from '../errors.js'
import { certificatesOf } from './certificate.js'

const PREFIX = 'SWMTKN-1'
const BASE = 36
/** 36^50 is just above 2^256. */
const DIGEST_LENGTH = 50
const FORM = /^SWMTKN-1-([0-9a-z]{50})-([0-9a-z]{25})$/

function sha256(content: string | Buffer): Buffer {
  return createHash('sha256').update(content).digest()
}

export interface JoinToken {
  /** `digestOfRoot` of the cluster's root: authenticates the manager to the newcomer. */
  readonly digest: string
  /** Authenticates the newcomer to the manager. */
  readonly secret: string
}

/** SHA-256 of a root certificate's DER, in 50 digits of base 36. @param root PEM or DER */
export function digestOfRoot(root: string | Buffer): string {
  const der = typeof root === 'string' ? certificatesOf(root)[0] : root
  return BigInt(`0x${sha256(der ?? '').toString('hex')}`)
    .toString(BASE)
    .padStart(DIGEST_LENGTH, '0')
}

/** The same digest as operators know it from other tools: 64 hexadecimal digits. */
export function hexOfDigest(digest: string): string {
  let value = 0n
  for (const digit of digest) value = value * BigInt(BASE) + BigInt(Number.parseInt(digit, BASE))
  return value.toString(16).padStart(64, '0')
}

export function formatJoinToken(token: JoinToken): string {
  return `${PREFIX}-${token.digest}-${token.secret}`
}

/** @throws ShoalError `invalid-argument`: `invalid join token` */
export function parseJoinToken(text: string): JoinToken {
  const [, digest, secret] = FORM.exec(text.trim()) ?? []
  if (digest === undefined || secret === undefined) {
    throw new ShoalError('invalid-argument', 'invalid join token')
  }
  return { digest, secret }
}

/** Whether two secrets are the same, in a time that tells nothing of where they differ. */
export function secretsEqual(one: string, other: string): boolean {
  return timingSafeEqual(sha256(one), sha256(other))
}
