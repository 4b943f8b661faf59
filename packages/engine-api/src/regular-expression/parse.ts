import { InvalidDocument } from '../invalid-document.js'
import { classOf, escapeOf, type CharacterTest } from './characters.js'
import { Reader } from './reader.js'

/** In characters. */
export const MAX_PATTERN_LENGTH = 256
/** Of `{n}`: as in RE2. */
const MAX_REPEAT = 1000
const MAX_DEPTH = 50

/** What an expression is made of. */
export type Expression =
  | { readonly type: 'character'; readonly accepts: CharacterTest }
  | { readonly type: 'sequence'; readonly parts: readonly Expression[] }
  | { readonly type: 'either'; readonly branches: readonly Expression[] }
  | { readonly type: 'repeat'; readonly part: Expression; readonly least: number; readonly most: number }
  | { readonly type: 'anchor'; readonly at: Anchor }
export type Anchor = 'start' | 'end' | 'word-edge' | 'no-word-edge'

/** @throws InvalidDocument for what is no expression, or none that is offered here */
export function parse(pattern: string): Expression {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new InvalidDocument(`it is longer than ${MAX_PATTERN_LENGTH} characters`)
  }
  const ignoresCase = pattern.startsWith('(?i)')
  const parser = new Parser(ignoresCase ? pattern.slice('(?i)'.length) : pattern, ignoresCase)
  return parser.whole()
}

class Parser {
  readonly #reader: Reader
  readonly #fold: (accepts: CharacterTest) => CharacterTest
  #depth = 0

  constructor(pattern: string, ignoresCase: boolean) {
    this.#reader = new Reader(pattern)
    this.#fold = ignoresCase ? ignoringCase : (accepts) => accepts
  }

  whole(): Expression {
    const expression = this.#either()
    if (!this.#reader.isAtEnd) throw new InvalidDocument('unexpected )')
    return expression
  }

  #either(): Expression {
    const branches = [this.#sequence()]
    while (this.#reader.take('|')) branches.push(this.#sequence())
    const [only] = branches
    return only && branches.length === 1 ? only : { type: 'either', branches }
  }

  #sequence(): Expression {
    const parts: Expression[] = []
    while (!this.#reader.isAtEnd && !this.#reader.isNext('|') && !this.#reader.isNext(')')) {
      parts.push(this.#repeated())
    }
    return { type: 'sequence', parts }
  }

  #repeated(): Expression {
    const part = this.#single()
    const count = this.#count()
    if (count === undefined) return part
    // Which of several matches is found makes no difference to whether there is one.
    this.#reader.take('?')
    if (this.#count() !== undefined) throw new InvalidDocument('invalid nested repetition operator')
    return { type: 'repeat', part, ...count }
  }

  #count(): { readonly least: number; readonly most: number } | undefined {
    if (this.#reader.take('*')) return { least: 0, most: Infinity }
    if (this.#reader.take('+')) return { least: 1, most: Infinity }
    if (this.#reader.take('?')) return { least: 0, most: 1 }
    // Braces that hold no count stand for themselves.
    const [text, first, comma, last] = this.#reader.takeMatch(/\{(\d+)(,(\d*))?\}/y) ?? []
    if (text === undefined) return undefined
    const least = Number(first)
    const most = comma === undefined ? least : last ? Number(last) : Infinity
    if (least > MAX_REPEAT || (most !== Infinity && most > MAX_REPEAT) || least > most) {
      throw new InvalidDocument(`invalid repeat count ${text}`)
    }
    return { least, most }
  }

  #single(): Expression {
    const character = this.#reader.next()
    switch (character) {
      case '(':
        return this.#group()
      case '[':
        return { type: 'character', accepts: classOf(this.#reader, this.#fold) }
      case '.':
        return { type: 'character', accepts: (code) => code !== NEWLINE }
      case '^':
        return { type: 'anchor', at: 'start' }
      case '$':
        return { type: 'anchor', at: 'end' }
      case '*':
      case '+':
      case '?':
        throw new InvalidDocument(`missing argument to repetition operator ${character}`)
      case '\\':
        return this.#escaped()
      default:
        return this.#literal(character)
    }
  }

  #group(): Expression {
    if (!this.#reader.take('?:') && this.#reader.isNext('?')) {
      throw new InvalidDocument('groups other than (…) and (?:…) are not offered, and (?i) only at the start')
    }
    if (++this.#depth > MAX_DEPTH) throw new InvalidDocument('groups are nested too deeply')
    const inner = this.#either()
    if (!this.#reader.take(')')) throw new InvalidDocument('missing )')
    this.#depth--
    return inner
  }

  #escaped(): Expression {
    if (this.#reader.take('b')) return { type: 'anchor', at: 'word-edge' }
    if (this.#reader.take('B')) return { type: 'anchor', at: 'no-word-edge' }
    if (this.#reader.take('A')) return { type: 'anchor', at: 'start' }
    if (this.#reader.take('z')) return { type: 'anchor', at: 'end' }
    const escape = escapeOf(this.#reader)
    return typeof escape === 'string' ? this.#literal(escape) : { type: 'character', accepts: escape }
  }

  #literal(character: string): Expression {
    const wanted = character.codePointAt(0) ?? 0
    return { type: 'character', accepts: this.#fold((code) => code === wanted) }
  }
}

const NEWLINE = 10

function ignoringCase(accepts: CharacterTest): CharacterTest {
  return (code) => accepts(code) || otherCases(code).some(accepts)
}

/** Not those that are longer than one character. */
function otherCases(code: number): number[] {
  const character = String.fromCodePoint(code)
  return [character.toLowerCase(), character.toUpperCase()]
    .filter((other) => other.length === character.length)
    .map((other) => other.codePointAt(0) ?? code)
}
