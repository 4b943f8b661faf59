import { ShoalError } from '@shoal/common/errors'
import type { Path, Tree } from './tree.js'

/** The value of a variable; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined

export interface Variables {
  lookup: Lookup
  /** Is told of every variable that is not set and has no default. */
  missing: (name: string) => void
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/

/** Puts the values of variables into every text of a tree; keys stay as they are. */
export function interpolateTree(tree: Tree, variables: Variables, path: Path = []): Tree {
  if (typeof tree === 'string') return interpolate(tree, variables, path.join('.'))
  if (Array.isArray(tree))
    return tree.map((item, index) => interpolateTree(item, variables, [...path, String(index)]))
  if (typeof tree !== 'object' || tree === null) return tree
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [key, interpolateTree(value, variables, [...path, key])]),
  )
}

/**
 * Replaces `$NAME`, `${NAME}`, and with a default (`:-`, `-`), an error (`:?`, `?`) or a replacement (`:+`, `+`),
 * which may hold variables again; `$$` is a dollar sign.
 * @param where how messages call the text
 * @throws invalid-argument for a text of another form, or a variable that has to be set and is not
 */
export function interpolate(text: string, variables: Variables, where: string): string {
  let result = ''
  for (let at = 0; at < text.length;) {
    const dollar = text.indexOf('$', at)
    if (dollar === -1) return result + text.slice(at)
    result += text.slice(at, dollar)
    const next = text[dollar + 1]
    const name = NAME.exec(text.slice(dollar + 1))?.[0]
    if (next === '$') {
      result += '$'
      at = dollar + 2
    } else if (next === '{') {
      const end = closingBrace(text, dollar + 2)
      if (end === -1) throw invalidFormat(text, where)
      result += braced(text.slice(dollar + 2, end), text, variables, where)
      at = end + 1
    } else if (name === undefined) throw invalidFormat(text, where)
    else {
      result += valueOf(name, variables)
      at = dollar + 1 + name.length
    }
  }
  return result
}

function braced(inner: string, text: string, variables: Variables, where: string): string {
  const name = NAME.exec(inner)?.[0]
  const [, operator = '', operand = ''] = /^(:?[-?+])?([\s\S]*)$/.exec(inner.slice(name?.length ?? 0)) ?? []
  if (name === undefined || (operator === '' && operand !== '')) throw invalidFormat(text, where)
  if (operator === '') return valueOf(name, variables)
  const value = variables.lookup(name)
  const present = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
  const other = (): string => interpolate(operand, variables, where)
  if (operator.endsWith('+')) return present ? other() : ''
  if (present) return value ?? ''
  if (operator.endsWith('-')) return other()
  throw new ShoalError(
    'invalid-argument',
    `${where}: required variable ${name} is missing a value: ${other()}`,
  )
}

function valueOf(name: string, { lookup, missing }: Variables): string {
  const value = lookup(name)
  if (value === undefined) missing(name)
  return value ?? ''
}

/** Where the brace that is open at `start` closes; -1 when it does not. */
function closingBrace(text: string, start: number): number {
  let depth = 1
  for (let at = start; at < text.length; at++) {
    if (text.startsWith('${', at)) {
      depth++
      at++
    } else if (text[at] === '}' && --depth === 0) return at
  }
  return -1
}

function invalidFormat(text: string, where: string): ShoalError {
  return new ShoalError(
    'invalid-argument',
    `invalid interpolation format for ${where}: ${JSON.stringify(text)}; a dollar sign is written $$`,
  )
}
