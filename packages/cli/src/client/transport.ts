import type { IncomingMessage, request as httpRequest, RequestOptions } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ErrorCode, messageOf, ShoalError } from '@shoal/common/errors'
import type { Endpoint } from './endpoint.js'

export interface CallOptions {
  /** Query parameters; those that are undefined are left out. */
  query?: Readonly<Record<string, string | undefined>>
  /** Sent as JSON. */
  body?: unknown
  headers?: Readonly<Record<string, string>>
  /** The answer is wanted as it comes, JSON or not. */
  asText?: boolean
  /** Takes the answer as it comes; the call then resolves at its end, with nothing. Refusals are not streamed. */
  onChunk?: (chunk: Buffer) => void
  /** Ends a streamed answer; the call resolves. */
  signal?: AbortSignal
}

/** One request to the manager, answered with JSON (or with undefined when there is no body). */
export type Call = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  options?: CallOptions,
) => Promise<unknown>

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid-argument',
  401: 'unauthenticated',
  403: 'permission-denied',
  404: 'not-found',
  409: 'already-exists',
  501: 'unimplemented',
  503: 'unavailable',
}

/** A refusal by the manager, as opposed to a manager that cannot be reached. */
export class ManagerRefusal extends ShoalError {
  readonly status: number

  constructor(status: number, message: string) {
    super(CODE_OF_STATUS[status] ?? 'internal', `Error response from daemon: ${message}`)
    this.name = 'ManagerRefusal'
    this.status = status
  }
}

/**
 * A caller for one manager.
 * @returns a function that throws ManagerRefusal for an error answer and ShoalError('unavailable')
 * when nothing answers
 */
export function callerFor(endpoint: Endpoint): Call {
  return async (method, path, options = {}) => {
    const { status, text, statusText } = await send(endpoint, method, path, options)
    if (status >= 400) throw new ManagerRefusal(status, refusalText(text) ?? statusText)
    if (options.asText) return text
    if (text.trim() === '') return undefined
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
  }
}

/** One request whose connection becomes a stream of bytes between ctl and a container. */
export type Upgrade = (path: string, body: unknown) => Promise<Duplex>

/** @returns a function that throws as those of `callerFor` do */
export function upgraderFor(endpoint: Endpoint): Upgrade {
  return async (path, body) => {
    const payload = JSON.stringify(body)
    const { request, target } = await requesterFor(endpoint)
    const headers = { ...headersFor(endpoint, payload), Connection: 'Upgrade', Upgrade: 'tcp' }
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...target, method: 'POST', path, headers, agent: false })
      outgoing.on('error', (error) => reject(unreachable(endpoint, error)))
      outgoing.on('upgrade', (_response, socket: Duplex, head: Buffer) => {
        if (head.length > 0) socket.unshift(head)
        resolve(socket)
      })
      outgoing.on('response', (response: IncomingMessage) => {
        void textOf(response).then((text) => {
          reject(
            new ManagerRefusal(response.statusCode ?? 0, refusalText(text) ?? response.statusMessage ?? ''),
          )
        }, reject)
      })
      outgoing.end(payload)
    })
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function requesterFor(
  endpoint: Endpoint,
): Promise<{ request: typeof httpRequest; target: RequestOptions }> {
  const secure = endpoint.kind === 'tcp' && endpoint.tls !== undefined
  const { request } = secure ? await import('node:https') : await import('node:http')
  const target: RequestOptions =
    endpoint.kind === 'socket'
      ? { socketPath: endpoint.path }
      : { host: endpoint.host, port: endpoint.port, ...endpoint.tls }
  return { request, target }
}

function headersFor(endpoint: Endpoint, payload: string | undefined): Record<string, string> {
  return {
    ...(endpoint.kind === 'socket' && { Host: 'shoal' }),
    ...(payload !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(payload)),
    }),
  }
}

interface Answer {
  status: number
  statusText: string
  text: string
}

async function send(endpoint: Endpoint, method: string, path: string, options: CallOptions): Promise<Answer> {
  const payload = options.body === undefined ? undefined : JSON.stringify(options.body)
  const { request, target } = await requesterFor(endpoint)
  const headers = { ...headersFor(endpoint, payload), ...options.headers }
  return new Promise((resolve, reject) => {
    const nothing = { status: 200, statusText: '', text: '' }
    const fail = (error: unknown): void =>
      options.signal?.aborted ? resolve(nothing) : reject(unreachable(endpoint, error))
    const outgoing = request({
      ...target,
      method,
      path: path + queryString(options.query),
      headers,
      agent: false,
      ...(options.signal && { signal: options.signal }),
    })
    outgoing.on('error', fail)
    outgoing.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      const isRefusal = (response.statusCode ?? 0) >= 400
      const take = options.onChunk && !isRefusal ? options.onChunk : (chunk: Buffer) => chunks.push(chunk)
      response.on('data', take)
      response.on('error', fail)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, statusText: response.statusMessage ?? '', text })
      })
    })
    outgoing.end(payload)
  })
}

function queryString(query: CallOptions['query']): string {
  const pairs = Object.entries(query ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`
}

function refusalText(text: string): string | undefined {
  try {
    const document: unknown = JSON.parse(text)
    if (typeof document === 'object' && document !== null && 'message' in document)
      return String(document.message)
  } catch {
    // Not JSON: the text itself is all there is.
  }
  return text.trim() === '' ? undefined : text.trim()
}

function unreachable(endpoint: Endpoint, error: unknown): ShoalError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  if (code === 'EACCES') {
    return new ShoalError(
      'unavailable',
      `permission denied while trying to connect to the Shoal manager at ${endpoint.shown}: ${messageOf(error)}`,
      error,
    )
  }
  if (endpoint.kind === 'tcp' && endpoint.tls === undefined && code === 'ECONNRESET') {
    return new ShoalError(
      'unavailable',
      `The Shoal manager at ${endpoint.shown} closed a connection without TLS. Set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as \`ctl env\` prints them.`,
      error,
    )
  }
  const absent = code === 'ENOENT' || code === 'ECONNREFUSED'
  const reason = absent ? '' : ` (${messageOf(error)})`
  return new ShoalError(
    'unavailable',
    `Cannot connect to the Shoal manager at ${endpoint.shown}${reason}. Is it running? (npm start, or ctl swarm init)`,
    error,
  )
}
