import { Metadata, status } from '@grpc/grpc-js'
import { messageOf, ShoalError, type ErrorCode } from '@shoal/common'

/** How a stream ends, as gRPC tells it. */
export interface Ending {
  readonly code: status
  readonly details: string
  readonly metadata?: Metadata
}

/** The trailer that names the primary's `host:port` to agents that came to another manager. */
export const PRIMARY_TRAILER = 'shoal-primary'

const CODES: Readonly<Record<ErrorCode, status>> = {
  'invalid-argument': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  'failed-precondition': status.FAILED_PRECONDITION,
  'out-of-sequence': status.FAILED_PRECONDITION,
  'permission-denied': status.PERMISSION_DENIED,
  unauthenticated: status.UNAUTHENTICATED,
  unimplemented: status.UNIMPLEMENTED,
  unavailable: status.UNAVAILABLE,
  conflict: status.ABORTED,
  internal: status.INTERNAL,
}

export function endingOf(error: unknown): Ending {
  const code = error instanceof ShoalError ? CODES[error.code] : status.INTERNAL
  return { code, details: messageOf(error) }
}

export function notPrimary(primary: string | undefined): Ending {
  const metadata = new Metadata()
  if (primary !== undefined) metadata.set(PRIMARY_TRAILER, primary)
  return { code: status.UNAVAILABLE, details: 'this manager is not the primary', metadata }
}

export const SUPERSEDED: Ending = {
  code: status.ABORTED,
  details: 'a newer session of this node has begun',
}
