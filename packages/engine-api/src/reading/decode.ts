import type { TSchema } from 'typebox'
import { InvalidDocument } from '../invalid-document.js'

/** The part of a JSON schema that the documents use. */
interface Shape {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly patternProperties?: Readonly<Record<string, Shape>>
  readonly items?: Shape
  readonly minimum?: number
  readonly enum?: readonly unknown[]
}

const LARGEST_INT64 = 2 ** 63

/**
 * Reads a document as Go's encoding/json reads it into Docker's structs: keys match ignoring case, null is
 * absent, unknown fields are skipped, and a value of the wrong type is an error.
 * @param schema one of the documents' schemas
 * @param root the name of the document, for messages
 * @param value what JSON.parse gave
 * @throws InvalidDocument in Go's words
 */
export function decode(schema: TSchema, root: string, value: unknown): unknown {
  return decodeValue(schema, root, value)
}

function decodeValue(shape: Shape, path: string, value: unknown): unknown {
  if (shape.enum) return decodeWord(shape.enum, path, value)
  switch (shape.type) {
    case 'object':
      return shape.patternProperties
        ? decodeMap(Object.values(shape.patternProperties)[0] ?? {}, path, value)
        : decodeObject(shape, path, value)
    case 'array':
      return decodeArray(shape.items ?? {}, path, value)
    case 'integer':
      return decodeInteger(shape, path, value)
    case 'number':
      return typeof value === 'number' ? value : mismatch(path, value, 'float64')
    case 'string':
      return typeof value === 'string' ? value : mismatch(path, value, 'string')
    case 'boolean':
      return typeof value === 'boolean' ? value : mismatch(path, value, 'bool')
    case undefined:
    default:
      return value
  }
}

function decodeObject(shape: Shape, path: string, value: unknown): unknown {
  const given = value === null ? {} : (asRecord(value) ?? mismatch(path, value, 'struct'))
  const names = namesOf(shape)
  const result: Record<string, unknown> = {}
  for (const [key, content] of Object.entries(given)) {
    const name = names.get(key.toLowerCase())
    if (name === undefined || content === null) continue
    result[name] = decodeValue(shape.properties?.[name] ?? {}, `${path}.${name}`, content)
  }
  for (const name of shape.required ?? []) {
    if (!Object.hasOwn(result, name)) result[name] = zeroOf(shape.properties?.[name] ?? {})
  }
  return result
}

function decodeMap(shape: Shape, path: string, value: unknown): unknown {
  const given = asRecord(value) ?? mismatch(path, value, 'map[string]string')
  // A key such as `__proto__` is a key like any other: entries are defined, not assigned.
  return Object.fromEntries(
    Object.entries(given).map(([key, content]) => [key, decodeElement(shape, `${path}.${key}`, content)]),
  )
}

function decodeArray(shape: Shape, path: string, value: unknown): unknown {
  if (!Array.isArray(value)) return mismatch(path, value, `[]${shape.type ?? 'struct'}`)
  return value.map((content: unknown) => decodeElement(shape, path, content))
}

/** null inside a list or a map is the zero value, not absence. */
function decodeElement(shape: Shape, path: string, value: unknown): unknown {
  return value === null ? zeroOf(shape) : decodeValue(shape, path, value)
}

function decodeInteger(shape: Shape, path: string, value: unknown): unknown {
  const type = shape.minimum === 0 ? 'uint64' : 'int64'
  if (typeof value !== 'number') return mismatch(path, value, type)
  const fits =
    Number.isInteger(value) && Math.abs(value) < LARGEST_INT64 && value >= (shape.minimum ?? -Infinity)
  // Adding zero turns -0 into 0.
  return fits ? value + 0 : mismatch(path, value, type, `number ${value}`)
}

function decodeWord(words: readonly unknown[], path: string, value: unknown): unknown {
  if (typeof value !== 'string') return mismatch(path, value, 'string')
  if (!words.includes(value)) throw new InvalidDocument(`invalid ${path}: ${JSON.stringify(value)}`)
  return value
}

function zeroOf(shape: Shape): unknown {
  switch (shape.type) {
    case 'string':
      return ''
    case 'integer':
    case 'number':
      return 0
    case 'boolean':
      return false
    case 'array':
      return []
    case undefined:
    default:
      return shape.enum ? '' : decodeValue(shape, '', {})
  }
}

function namesOf(shape: Shape): Map<string, string> {
  return new Map(Object.keys(shape.properties ?? {}).map((name) => [name.toLowerCase(), name]))
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

function mismatch(path: string, value: unknown, type: string, kind = kindOf(value)): never {
  throw new InvalidDocument(`json: cannot unmarshal ${kind} into Go struct field ${path} of type ${type}`)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  return value === null ? 'null' : typeof value
}
