import { messageOf, ShoalError } from '@shoal/common/errors'
import type { Surroundings } from './draft.js'

/**
 * The variables of a file with one `NAME=value` a line. Empty lines and those that begin with `#` are
 * skipped; a bare NAME is taken from the environment, and left out when it is not set there.
 * @throws invalid-argument for a file that cannot be read, or a name with white space
 */
export function readVariables(path: string, surroundings: Surroundings): string[] {
  return readText(path, surroundings)
    .split('\n')
    .flatMap((rawLine) => {
      const line = rawLine.replace(/\r$/, '').trimStart()
      if (line === '' || line.startsWith('#')) return []
      const equals = line.indexOf('=')
      const name = equals === -1 ? line : line.slice(0, equals)
      if (name === '') throw poorlyFormatted(path, `no variable name on line '${line}'`)
      if (/\s/.test(name)) throw poorlyFormatted(path, `variable '${name}' contains whitespaces`)
      if (equals !== -1) return [line]
      const inherited = surroundings.environment[name]
      return inherited === undefined ? [] : [`${name}=${inherited}`]
    })
}

function readText(path: string, surroundings: Surroundings): string {
  try {
    return surroundings.readFile(path)
  } catch (error) {
    throw new ShoalError('invalid-argument', messageOf(error), error)
  }
}

function poorlyFormatted(path: string, reason: string): ShoalError {
  return new ShoalError('invalid-argument', `invalid env file (${path}): ${reason}`)
}
