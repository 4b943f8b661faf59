import { ShoalError } from '@shoal/common/errors'

/** A value as `fmt.Print` of Go shows it: lists in brackets, maps with their keys in order. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<no value>'
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`
  if (typeof value === 'object') {
    const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[${pairs.map(([key, item]) => `${key}:${goPrint(item)}`).join(' ')}]`
  }
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** JSON as Go writes a map: the keys of the outermost object in order. */
export function goJson(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return JSON.stringify(value ?? null)
  return JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** What Go's templates take for true: everything but false, 0, nothing and what is empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

type TemplateFunction = (...values: unknown[]) => unknown

const compare = (a: unknown, b: unknown): number =>
  typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a) < String(b)
      ? -1
      : String(a) > String(b)
        ? 1
        : 0

const pick = (container: unknown, key: unknown): unknown =>
  typeof container === 'object' && container !== null
    ? (container as Record<string, unknown>)[String(key)]
    : undefined

/** The functions of Go's templates and those that docker adds. */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  json: (value) => JSON.stringify(value ?? null),
  print: (...values) => values.map(goPrint).join(' '),
  println: (...values) => `${values.map(goPrint).join(' ')}\n`,
  printf: (format, ...values) => printf(String(format), values),
  upper: (value) => String(value).toUpperCase(),
  lower: (value) => String(value).toLowerCase(),
  title: (value) => String(value).replace(/\b\p{L}/gu, (letter) => letter.toUpperCase()),
  split: (value, separator) => String(value).split(String(separator)),
  join: (list, separator) => (Array.isArray(list) ? list.map(goPrint).join(String(separator)) : ''),
  pad: (value, before, after) => ' '.repeat(Number(before)) + String(value) + ' '.repeat(Number(after)),
  truncate: (value, length) => String(value).slice(0, Number(length)),
  len: (value) =>
    Array.isArray(value) || typeof value === 'string' ? value.length : Object.keys(value ?? {}).length,
  index: (container, ...keys) => keys.reduce(pick, container),
  eq: (first, ...others) => others.some((other) => first === other),
  ne: (a, b) => a !== b,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  not: (value) => !isTrue(value),
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
}

function printf(format: string, values: readonly unknown[]): string {
  let next = 0
  return format.replace(/%(-?)(\d*)([svdq%])/g, (_all, left: string, width: string, verb: string) => {
    if (verb === '%') return '%'
    if (next >= values.length)
      throw new ShoalError('invalid-argument', `template: printf: missing value for %${verb}`)
    const value = goPrint(values[next++])
    const text = verb === 'q' ? JSON.stringify(value) : value
    return left === '' ? text.padStart(Number(width)) : text.padEnd(Number(width))
  })
}
