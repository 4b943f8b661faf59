import { ShoalError } from '@shoal/common'

/** By path, in Docker's words. */
const ABSENT: readonly (readonly [RegExp, (name: string) => string])[] = [
  [/^\/images\/(.+)\/json$/, (name) => `No such image: ${name}`],
  [/^\/volumes\/([^/]+)$/, (name) => `get ${name}: no such volume`],
  [/^\/plugins\/(.+)\/json$/, (name) => `plugin "${name}" not found`],
]

/**
 * A cluster has no images, volumes or plugins of its own: its nodes have. Who looks one up by its name is told that
 * there is none, because `docker inspect NAME` looks through everything until it finds the name.
 * @param path without version and query
 */
export function absentObject(method: string, path: string): ShoalError | undefined {
  if (method !== 'GET') return undefined
  for (const [pattern, words] of ABSENT) {
    const [, name] = pattern.exec(path) ?? []
    if (name !== undefined) return new ShoalError('not-found', words(decoded(name)))
  }
  return undefined
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
