import { createRequire } from 'node:module'
import { InvalidDocument } from '../invalid-document.js'

/** In characters. */
export const MAX_PATTERN_LENGTH = 256
/** In instructions of the program that an expression becomes: what it costs to look at one character. */
const MAX_PROGRAM_SIZE = 2_000
/** In characters: longer ones match nothing. */
export const MAX_TEXT_LENGTH = 1024
/** Who asks many nodes asks the same few texts again and again. */
const MAX_REMEMBERED = 256

const require = createRequire(import.meta.url)

export interface RegularExpression {
  /** Whether it matches somewhere in the text: `^` and `$` bind it to the ends. */
  test(text: string): boolean
}

/**
 * Regular expressions that users give the cluster, in RE2's syntax. Node's own ones go back and forth in the text and
 * can take forever on a few dozen characters; these take time in proportion to the text, times the size of the
 * expression, which is limited.
 * @param pattern the expression without slashes around it, such as `^east-[0-9]+$`; `(?i)` at its start ignores case
 * @throws InvalidDocument that says what is wrong, for one that is malformed, asks for what is not offered
 * (look-around, back references), or is too large
 */
export function regularExpression(pattern: string): RegularExpression {
  const program = compile(pattern)
  const remembered = new Map<string, boolean>()
  return {
    test(text) {
      if (text.length > MAX_TEXT_LENGTH) return false
      const known = remembered.get(text)
      if (known !== undefined) return known
      const isFound = program.matcher(text).find()
      if (remembered.size >= MAX_REMEMBERED) remembered.clear()
      remembered.set(text, isFound)
      return isFound
    },
  }
}

function compile(pattern: string): import('re2js').RE2JS {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new InvalidDocument(`it is longer than ${MAX_PATTERN_LENGTH} characters`)
  }
  // Not before somebody asks for it: agents never do, and it takes three megabytes.
  const { RE2JS, RE2JSSyntaxException } = require('re2js') as typeof import('re2js')
  try {
    const program = RE2JS.compile(pattern)
    if (program.programSize() > MAX_PROGRAM_SIZE) throw new InvalidDocument('it is too large')
    return program
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) throw new InvalidDocument(error.getDescription())
    throw error
  }
}
