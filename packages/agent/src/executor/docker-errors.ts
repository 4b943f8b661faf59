import { messageOf, ShoalError, type ErrorCode } from '@shoal/common'

/** What dockerode throws: an answer of the engine, or an error of the connection. */
interface EngineError {
  statusCode?: number
  code?: string
  reason?: string
  json?: { message?: string } | Buffer | null
}

/** The connection failed, so nothing is known of what became of the call. */
const CONNECTION_ERRORS = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EACCES',
  'ECONNABORTED',
]

const CODES = new Map<number, ErrorCode>([
  [400, 'invalid-argument'],
  [401, 'unauthenticated'],
  [403, 'permission-denied'],
  [404, 'not-found'],
  [409, 'already-exists'],
  [501, 'unimplemented'],
  [503, 'unavailable'],
])

/** Any error of dockerode as a ShoalError with the engine's own message. */
export function translate(error: unknown): ShoalError {
  if (error instanceof ShoalError) return error
  const { statusCode, code, json } = (error ?? {}) as EngineError
  if (statusCode === undefined) {
    const unreachable = code !== undefined && CONNECTION_ERRORS.includes(code)
    return new ShoalError(unreachable ? 'unavailable' : 'internal', messageOf(error), error)
  }
  const message = json && 'message' in json && json.message ? json.message : withoutPrefix(messageOf(error))
  return new ShoalError(CODES.get(statusCode) ?? 'internal', message.trim(), error)
}

/** dockerode writes `(HTTP code 404) no such container - <message>`. */
function withoutPrefix(message: string): string {
  return message.replace(/^\(HTTP code \d+\) .*? - /u, '')
}

/** The engine's answer, or its refusal as a ShoalError. */
export async function answer<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw translate(error)
  }
}

/** Like `answer`, for calls that may find things as they should be already. */
export async function unless(harmlessStatuses: readonly number[], call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    const { statusCode } = (error ?? {}) as { statusCode?: number }
    if (statusCode === undefined || !harmlessStatuses.includes(statusCode)) throw translate(error)
  }
}
