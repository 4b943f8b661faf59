import { refuse } from './refuse.js'

/** The grammar of github.com/distribution/reference. */
const ALPHANUMERIC = '[a-z0-9]+'
const SEPARATOR = '(?:[._]|__|[-]+)'
const PATH_COMPONENT = `${ALPHANUMERIC}(?:${SEPARATOR}${ALPHANUMERIC})*`
const DOMAIN_COMPONENT = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const DOMAIN = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`
const TAG = '[\\w][\\w.-]{0,127}'
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
const REFERENCE = new RegExp(
  `^((?:${DOMAIN}/)?${PATH_COMPONENT}(?:/${PATH_COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`,
)
const DIGEST_SIZES: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 }
const LONGEST_NAME = 255

export interface ImageReference {
  /** With the registry's host if one is given: nothing is added to what the user wrote. */
  readonly name: string
  readonly tag?: string
  readonly digest?: string
}

/**
 * Parses an image reference as the docker CLI writes it.
 * @throws InvalidDocument when it is none
 */
export function parseReference(text: string): ImageReference {
  if (/^[a-f0-9]{64}$/.test(text)) {
    refuse(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  }
  const match = REFERENCE.exec(text)
  const [, name, tag, digest] = match ?? []
  if (name === undefined) {
    const named = text.split('@')[0] ?? ''
    refuse(
      /[A-Z]/.test(named.split(':')[0] ?? '') && REFERENCE.test(text.toLowerCase())
        ? 'invalid reference format: repository name (' + named + ') must be lowercase'
        : 'invalid reference format',
    )
  }
  if (name.length > LONGEST_NAME) refuse('repository name must not be more than 255 characters')
  checkDigest(digest)
  return { name, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) }
}

function checkDigest(digest: string | undefined): void {
  if (digest === undefined) return
  const [algorithm = '', hex = ''] = digest.split(':')
  const size = DIGEST_SIZES[algorithm]
  if (size === undefined) refuse('unsupported digest algorithm')
  if (hex.length !== size) refuse('invalid checksum digest length')
  if (/[A-F]/.test(hex)) refuse('invalid checksum digest format')
}
