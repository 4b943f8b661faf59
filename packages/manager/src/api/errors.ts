import { ShoalError, type ErrorCode, type Logger } from '@shoal/common'
import { InvalidDocument } from '@shoal/engine-api'

/** docs/errors.md explains each; a test holds the two together. */
const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  'invalid-argument': 400,
  'not-found': 404,
  'already-exists': 409,
  'failed-precondition': 400,
  'out-of-sequence': 500,
  'permission-denied': 403,
  unauthenticated: 401,
  unimplemented: 501,
  unavailable: 503,
  conflict: 503,
  internal: 500,
}

const GRPC_STATUS: Readonly<Record<ErrorCode, string>> = {
  'invalid-argument': 'InvalidArgument',
  'not-found': 'NotFound',
  'already-exists': 'AlreadyExists',
  'failed-precondition': 'FailedPrecondition',
  'out-of-sequence': 'Unknown',
  'permission-denied': 'PermissionDenied',
  unauthenticated: 'Unauthenticated',
  unimplemented: 'Unimplemented',
  unavailable: 'Unavailable',
  conflict: 'Aborted',
  internal: 'Internal',
}

export function httpStatusOf(code: ErrorCode): number {
  return HTTP_STATUS[code]
}

/** gRPC's name of a code, as it stands in Docker's messages. */
export function grpcStatusName(code: ErrorCode): string {
  return GRPC_STATUS[code]
}

/** An error in the words of Swarm's manager, which Docker passes on with gRPC's prefix; clients match on them. */
export function swarmError(code: ErrorCode, description: string): ShoalError {
  return new ShoalError(code, `rpc error: code = ${GRPC_STATUS[code]} desc = ${description}`)
}

export function outOfSequence(): ShoalError {
  return swarmError('out-of-sequence', 'update out of sequence')
}

export function notImplemented(what: string): ShoalError {
  return new ShoalError('unimplemented', `not implemented: ${what}`)
}

export interface ErrorAnswer {
  readonly status: number
  readonly message: string
}

/** How an error is told to a client. What is the manager's own fault is logged, and told in general words. */
export function answerOf(error: unknown, log: Logger): ErrorAnswer {
  if (error instanceof InvalidDocument) return { status: 400, message: error.message }
  if (error instanceof ShoalError) {
    if (error.code === 'internal') log.error({ err: error }, 'request failed')
    return { status: httpStatusOf(error.code), message: error.message }
  }
  const status = statusOfFramework(error)
  if (status !== undefined) return { status, message: error instanceof Error ? error.message : '' }
  log.error({ err: error }, 'request failed')
  return { status: 500, message: 'internal error: see the log of the manager' }
}

/** The framework's own refusals (a body too large, a malformed header) carry a status. */
function statusOfFramework(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const { statusCode } = error
  if (statusCode === 415) return 400
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined
}
