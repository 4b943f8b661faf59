import { ShoalError } from '@shoal/common/errors'

/** What a YAML file holds. */
export type Tree = null | boolean | number | string | Tree[] | TreeMap
export interface TreeMap {
  [key: string]: Tree
}

/** A place in a file, for messages and rules: `services.web.ports`. */
export type Path = readonly string[]

export const isMap = (tree: Tree | undefined): tree is TreeMap =>
  typeof tree === 'object' && tree !== null && !Array.isArray(tree)

export const isScalar = (tree: Tree | undefined): tree is string | number | boolean =>
  typeof tree === 'string' || typeof tree === 'number' || typeof tree === 'boolean'

/** The error of a file that cannot be understood. */
export function invalidAt(path: Path, message: string): ShoalError {
  return new ShoalError('invalid-argument', path.length === 0 ? message : `${path.join('.')} ${message}`)
}

/** A mapping; nothing at all is an empty one. @throws invalid-argument for anything else */
export function mapAt(tree: Tree | undefined, path: Path): TreeMap {
  if (tree === undefined || tree === null) return {}
  if (!isMap(tree)) throw invalidAt(path, 'must be a mapping')
  return tree
}

/** A list; nothing at all is an empty one. @throws invalid-argument for anything else */
export function listAt(tree: Tree | undefined, path: Path): Tree[] {
  if (tree === undefined || tree === null) return []
  if (!Array.isArray(tree)) throw invalidAt(path, 'must be a list')
  return tree
}

/** A scalar as text; nothing at all is undefined. @throws invalid-argument for a list or a mapping */
export function textAt(tree: Tree | undefined, path: Path): string | undefined {
  if (tree === undefined || tree === null) return undefined
  if (!isScalar(tree)) throw invalidAt(path, 'must be a string')
  return String(tree)
}

/** One text, or a list of them. */
export function textsAt(tree: Tree | undefined, path: Path): string[] {
  if (isScalar(tree)) return [String(tree)]
  return listAt(tree, path).map((item, index) => textAt(item, [...path, String(index)]) ?? '')
}

const YES = new Set(['true', 'yes', 'y', 'on', '1'])
const NO = new Set(['false', 'no', 'n', 'off', '0'])

/** A truth value, which after an interpolation may be a text. */
export function booleanAt(tree: Tree | undefined, path: Path): boolean | undefined {
  const text = textAt(tree, path)?.toLowerCase()
  if (text === undefined) return undefined
  if (YES.has(text)) return true
  if (NO.has(text)) return false
  throw invalidAt(path, 'must be true or false')
}

/** A number, which after an interpolation may be a text. */
export function numberAt(tree: Tree | undefined, path: Path): number | undefined {
  const text = textAt(tree, path)
  if (text === undefined) return undefined
  if (text.trim() === '' || !Number.isFinite(Number(text))) throw invalidAt(path, 'must be a number')
  return Number(text)
}

/** A whole number that is not negative. */
export function countAt(tree: Tree | undefined, path: Path): number | undefined {
  const number = numberAt(tree, path)
  if (number !== undefined && (!Number.isSafeInteger(number) || number < 0)) {
    throw invalidAt(path, 'must be a whole number that is not negative')
  }
  return number
}

/** Reads a value by a parser of flags, whose refusal is told with the place. */
export function parsedAt<Value>(
  tree: Tree | undefined,
  path: Path,
  parse: (text: string) => Value,
): Value | undefined {
  const text = textAt(tree, path)
  if (text === undefined) return undefined
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof ShoalError) throw invalidAt(path, `is invalid: ${error.message}`)
    throw error
  }
}

/** The object without the fields that are undefined: absent and undefined are not the same in a document. */
export function defined<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]: Exclude<Fields[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
