import { documents } from './documents.js'
import { type Operation, type Schema, specification } from './specification.js'

/** What a client got. */
export interface CheckedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/**
 * Any operation may be answered so: Docker's description does not repeat them everywhere. 413 is Shoal's own: Docker
 * reads a body of any length.
 */
const GENERAL_REFUSALS = new Set([400, 401, 403, 404, 409, 413, 500, 501, 503])
const ERROR: Schema = { $ref: '#/definitions/ErrorResponse' }
/** On every answer, errors included. */
const FRAME = {
  'api-version': /^\d\.\d+$/,
  ostype: /^linux$/,
  'docker-experimental': /^false$/,
  server: /^Docker\//,
}

const once = <Value>(make: () => Value): (() => Value) => {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
const description = once(() => {
  const read = specification()
  return { read, checkOf: documents(read) }
})

/**
 * Holds an answer against Docker's description of the API. Paths that it does not know are judged by their errors
 * only; streams by their status.
 * @param path as it was asked for @throws Error that names everything that is wrong with it
 */
export function checkAnswer(method: string, path: string, answer: CheckedAnswer): void {
  const wrong = [...wrongFrame(answer), ...wrongBody(method, path, answer)]
  if (wrong.length === 0) return
  throw new Error(
    `the answer to ${method} ${path} is not as Docker's description says (status ${answer.status}):\n  ` +
      `${wrong.join('\n  ')}\n${answer.text.slice(0, 2000)}`,
  )
}

function wrongFrame({ headers }: CheckedAnswer): string[] {
  return Object.entries(FRAME)
    .filter(([name, pattern]) => !pattern.test(textOf(headers[name])))
    .map(([name]) => `header ${name}: ${textOf(headers[name])}`)
}

function wrongBody(method: string, path: string, answer: CheckedAnswer): string[] {
  const { status, text, headers } = answer
  const operation = description().read.operation(method, path)
  if (status >= 400 && GENERAL_REFUSALS.has(status))
    return method === 'HEAD' ? [] : wrongDocument(ERROR, answer)
  if (!operation) return []
  const response = operation.responses[status]
  if (!response) return [`status ${status} is not one of this operation`]
  if (isStream(operation) || textOf(headers['content-type']).startsWith('text/plain')) return []
  if (!response.schema || method === 'HEAD') return text === '' ? [] : ['a body, where there is none']
  return wrongDocument(response.schema, answer)
}

function wrongDocument(schema: Schema, { headers, text }: CheckedAnswer): string[] {
  // The CLI reads an error's message only if this is the whole header.
  if (headers['content-type'] !== 'application/json')
    return [`content-type ${textOf(headers['content-type'])}`]
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return ['no JSON']
  }
  return description().checkOf(schema)(document)
}

function isStream({ path }: Operation): boolean {
  return path === '/events' || path.endsWith('/logs')
}

function textOf(header: unknown): string {
  return typeof header === 'string' ? header : ''
}
