import { InvalidDocument } from '../invalid-document.js'
import type { Reader } from './reader.js'

/** Whether a character, by its code point, is one of those meant. */
export type CharacterTest = (code: number) => boolean

const isDigit: CharacterTest = (code) => code >= 48 && code <= 57
export const isWordCharacter: CharacterTest = (code) =>
  isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95
const isSpace: CharacterTest = (code) => code === 32 || (code >= 9 && code <= 13 && code !== 11)

const CLASSES: ReadonlyMap<string, CharacterTest> = new Map([
  ['d', isDigit],
  ['w', isWordCharacter],
  ['s', isSpace],
])
const CONTROLS: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['f', '\f'],
  ['v', '\v'],
])

/**
 * What an escape stands for, whose backslash was read.
 * @returns one character, or a test for several
 * @throws InvalidDocument for an escape that nobody knows
 */
export function escapeOf(reader: Reader): string | CharacterTest {
  const character = reader.next()
  if (character === '') throw new InvalidDocument('trailing backslash')
  const known = CLASSES.get(character)
  if (known) return known
  const opposite = CLASSES.get(character.toLowerCase())
  if (opposite) return (code) => !opposite(code)
  const control = CONTROLS.get(character)
  if (control) return control
  if (/[a-z0-9]/i.test(character)) throw new InvalidDocument(`invalid escape sequence \\${character}`)
  return character
}

/**
 * A class such as `[^a-z_]`, whose opening bracket was read.
 * @param fold what becomes of the test of its members before it is negated
 * @throws InvalidDocument for one that does not end, or has a range that runs backwards
 */
export function classOf(reader: Reader, fold: (members: CharacterTest) => CharacterTest): CharacterTest {
  const isNegated = reader.take('^')
  const tests: CharacterTest[] = []
  // A bracket that comes first stands for itself.
  for (let isFirst = true; isFirst || !reader.isNext(']'); isFirst = false) {
    if (reader.isAtEnd) throw new InvalidDocument('missing ]')
    if (reader.isNext('[:')) throw new InvalidDocument('named classes such as [[:alpha:]] are not offered')
    tests.push(memberOf(reader))
  }
  reader.take(']')
  const isIn = fold((code) => tests.some((test) => test(code)))
  return isNegated ? (code) => !isIn(code) : isIn
}

function memberOf(reader: Reader): CharacterTest {
  const low = one(reader)
  if (typeof low !== 'string') return low
  const first = low.codePointAt(0) ?? 0
  // A hyphen at the end of a class stands for itself.
  if (!reader.isNext('-') || reader.isNext('-]')) return (code) => code === first
  reader.take('-')
  const high = one(reader)
  const last = typeof high === 'string' ? (high.codePointAt(0) ?? -1) : -1
  if (last < first) throw new InvalidDocument('invalid character class range')
  return (code) => code >= first && code <= last
}

function one(reader: Reader): string | CharacterTest {
  return reader.take('\\') ? escapeOf(reader) : reader.next()
}
