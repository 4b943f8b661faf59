import { InvalidDocument } from '../invalid-document.js'
import { regularExpression } from './regular-expression.js'

/** `key==value`, `key!=value`, or with `~` behind the operator; the value may be a regular expression in slashes. */
export interface Expression {
  readonly key: string
  readonly operator: '==' | '!='
  /** Marked by `~`: a wish, not a condition. */
  readonly isSoft: boolean
  /** Undefined for a regular expression. */
  readonly value: string | undefined
  /** Whether a text is equal to the value, ignoring case, or matches the regular expression. */
  readonly accepts: (text: string) => boolean
}

/** The operators in the order in which they are looked for: the first that occurs splits the text. */
const OPERATORS = ['==', '!='] as const
/** Leaves out what may become an operator one day (`<`, `>`, …). */
const VALUE = /^[a-z0-9:_\s.*()?+[\]\\^$|/-]+$/i
/** A regular expression may hold what looks like an operator: here the first of all counts. */
const WITH_PATTERN = /^([^=!]*)(==|!=)\s*(~?)\s*\/(.+)\/\s*$/s

/**
 * @param keys what a key looks like
 * @throws InvalidDocument in Docker's words where it has some
 */
export function parseExpression(text: string, keys: RegExp): Expression {
  const [isMatch, before = '', operator, soft, pattern = ''] = WITH_PATTERN.exec(text) ?? []
  if (isMatch === undefined) return parsePlain(text, keys)
  const key = keyOf(before, keys)
  const accepts = patternTest(pattern)
  return { key, operator: operatorOf(operator), isSoft: soft !== '', value: undefined, accepts }
}

function parsePlain(text: string, keys: RegExp): Expression {
  const operator = OPERATORS.find((candidate) => text.includes(candidate))
  if (operator === undefined) {
    throw new InvalidDocument(`constraint expected one operator from ${OPERATORS.join(', ')}`)
  }
  const at = text.indexOf(operator)
  const key = keyOf(text.slice(0, at), keys)
  const rest = text.slice(at + operator.length).trim()
  const isSoft = rest.startsWith('~')
  const value = isSoft ? rest.slice(1).trim() : rest
  if (!VALUE.test(value)) throw new InvalidDocument(`value '${value}' is invalid`)
  const wanted = value.toLowerCase()
  return { key, operator, isSoft, value, accepts: (candidate) => candidate.toLowerCase() === wanted }
}

function keyOf(text: string, keys: RegExp): string {
  const key = text.trim()
  if (!keys.test(key)) throw new InvalidDocument(`key '${key}' is invalid`)
  return key
}

function operatorOf(text: string | undefined): '==' | '!=' {
  return text === '!=' ? '!=' : '=='
}

function patternTest(pattern: string): (text: string) => boolean {
  try {
    const expression = regularExpression(pattern)
    return (text) => expression.test(text)
  } catch (error) {
    if (!(error instanceof InvalidDocument)) throw error
    throw new InvalidDocument(`value '/${pattern}/' is invalid: ${error.message}`)
  }
}
