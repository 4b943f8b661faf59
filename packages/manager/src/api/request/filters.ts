import { ShoalError } from '@shoal/common'
import type { FastifyRequest } from 'fastify'
import { queryText } from './query.js'

/** The `filters` of a list request: for each key the values that were asked for. */
export class Filters {
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  values(key: string): readonly string[] {
    return this.#values.get(key) ?? []
  }

  /** Whether nothing was asked of this key, or one of its values satisfies `test`. */
  some(key: string, test: (value: string) => boolean): boolean {
    const values = this.values(key)
    return values.length === 0 || values.some(test)
  }

  /** Whether `text` begins with one of the values. */
  prefix(key: string, text: string): boolean {
    return this.some(key, (value) => text.startsWith(value))
  }

  /** Labels must match all: `key` asks for its presence, `key=value` for the value. */
  labels(key: string, labels: Readonly<Record<string, string>> | undefined): boolean {
    return this.values(key).every((wanted) => {
      const at = wanted.indexOf('=')
      const name = at === -1 ? wanted : wanted.slice(0, at)
      const value = at === -1 ? '' : wanted.slice(at + 1)
      if (!labels || !Object.hasOwn(labels, name)) return false
      return value === '' || labels[name] === value
    })
  }
}

/**
 * Reads the `filters` parameter, in Docker's present form `{"key":{"value":true}}` and the old `{"key":["value"]}`.
 * @throws ShoalError `invalid-argument` for what is neither, and for keys that are not `accepted`
 */
export function readFilters(request: FastifyRequest, accepted: readonly string[]): Filters {
  const text = queryText(request, 'filters')
  if (text === '') return new Filters(new Map())
  const values = new Map<string, readonly string[]>()
  for (const [key, content] of Object.entries(parse(text))) {
    if (!accepted.includes(key)) throw new ShoalError('invalid-argument', `invalid filter '${key}'`)
    values.set(key, valuesOf(content, text))
  }
  return new Filters(values)
}

function parse(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ShoalError('invalid-argument', `invalid filters: ${text} is not JSON`, error)
  }
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed(text)
  return value as Record<string, unknown>
}

function valuesOf(content: unknown, text: string): readonly string[] {
  if (Array.isArray(content) && content.every((value) => typeof value === 'string')) return content
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return Object.keys(content)
  throw malformed(text)
}

function malformed(text: string): ShoalError {
  return new ShoalError('invalid-argument', `invalid filters: ${text} is not a map of lists`)
}
