import { ShoalError } from '@shoal/common'

/** The newest version of the Engine API whose swarm part is honoured, and the oldest that is answered. */
export const API_VERSION = '1.47'
export const MIN_API_VERSION = '1.24'

const PREFIX = /^\/v([0-9.]+)(?=\/)/

/** The path without its version. */
export function withoutVersion(url: string): string {
  return url.replace(PREFIX, '')
}

/**
 * The version that a request asks for; the newest when its path names none.
 * @throws ShoalError `invalid-argument` in Docker's words when it is too old or too new
 */
export function requestedVersion(url: string): string {
  const version = PREFIX.exec(url)?.[1]
  if (version === undefined) return API_VERSION
  if (isOlder(version, MIN_API_VERSION)) {
    throw new ShoalError(
      'invalid-argument',
      `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, ` +
        'please upgrade your client to a newer version',
    )
  }
  if (isOlder(API_VERSION, version)) {
    throw new ShoalError(
      'invalid-argument',
      `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`,
    )
  }
  return version
}

/** Whether version `left` (`1.41`) comes before `right`. */
export function isOlder(left: string, right: string): boolean {
  const [a, b] = [left.split('.').map(Number), right.split('.').map(Number)]
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
