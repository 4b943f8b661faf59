import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'

/**
 * A secret's content cannot be read back, so a label tells whether it is another one: a salted scrypt hash, from which
 * a weak password is as hard to guess as from a password file.
 */
export const CONTENT_LABEL = 'shoal.stack.content'

const SALT_BYTES = 16
const HASH_BYTES = 32
const OPTIONS = { N: 2 ** 14, r: 8, p: 1 }

/** The mark of some content, another one each time. @param data base64 */
export function contentMark(data: string): string {
  const salt = randomBytes(SALT_BYTES)
  return `scrypt:${salt.toString('base64url')}:${hash(data, salt).toString('base64url')}`
}

/** Whether a mark is that of this content. */
export function isMarkOf(mark: string | undefined, data: string): boolean {
  const [kind, salt = '', expected = ''] = (mark ?? '').split(':')
  const known = Buffer.from(expected, 'base64url')
  if (kind !== 'scrypt' || known.length !== HASH_BYTES) return false
  return timingSafeEqual(known, hash(data, Buffer.from(salt, 'base64url')))
}

function hash(data: string, salt: Buffer): Buffer {
  return scryptSync(Buffer.from(data, 'base64'), salt, HASH_BYTES, OPTIONS)
}
