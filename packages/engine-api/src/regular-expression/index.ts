/**
 * Regular expressions that users give the cluster, in the common part of RE2's syntax. Node's own ones go back and
 * forth in the text and can take forever on a few dozen characters; these take time in proportion to the text, times
 * the size of the expression, which is limited.
 *
 * parse.ts reads the text into a tree, compile.ts makes a program of it, run.ts follows all of its paths at once.
 */
import { compile } from './compile.js'
import { parse } from './parse.js'
import { isFoundIn } from './run.js'

export { MAX_PATTERN_LENGTH } from './parse.js'

/** In characters: longer ones match nothing. */
export const MAX_TEXT_LENGTH = 1024
/** Who asks many nodes asks the same few texts again and again. */
const MAX_REMEMBERED = 256

export interface RegularExpression {
  /** Whether it matches somewhere in the text: `^` and `$` bind it to the ends. */
  test(text: string): boolean
}

/**
 * @param pattern the expression without slashes around it, such as `^east-[0-9]+$`; `(?i)` at its start ignores case
 * @throws InvalidDocument that says what is wrong, for one that is malformed, asks for what is not offered
 * (look-around, back references), or is too large
 */
export function regularExpression(pattern: string): RegularExpression {
  const program = compile(parse(pattern))
  const remembered = new Map<string, boolean>()
  return {
    test(text) {
      if (text.length > MAX_TEXT_LENGTH) return false
      const known = remembered.get(text)
      if (known !== undefined) return known
      const isFound = isFoundIn(program, text)
      if (remembered.size >= MAX_REMEMBERED) remembered.clear()
      remembered.set(text, isFound)
      return isFound
    },
  }
}
