/** ShoalError on the wire: its code as a gRPC status, its message as the details. */
import { status, type Metadata, type ServiceError } from '@grpc/grpc-js'
import { type ErrorCode, ShoalError } from '@shoal/common'

const STATUS_OF = {
  'invalid-argument': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  'failed-precondition': status.FAILED_PRECONDITION,
  'out-of-sequence': status.OUT_OF_RANGE,
  'permission-denied': status.PERMISSION_DENIED,
  unauthenticated: status.UNAUTHENTICATED,
  unimplemented: status.UNIMPLEMENTED,
  unavailable: status.UNAVAILABLE,
  conflict: status.ABORTED,
  internal: status.INTERNAL,
} as const satisfies Record<ErrorCode, status>

/** What a busy or vanished peer answers, and what this side makes of its own deadline: try again. */
const PASSING: readonly status[] = [status.CANCELLED, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED]

const CODE_OF = new Map<status, ErrorCode>([
  ...PASSING.map((passing) => [passing, 'unavailable'] as const),
  ...Object.entries(STATUS_OF).map(([code, number]) => [number, code as ErrorCode] as const),
])

/** What a gRPC handler answers with. */
export interface GrpcStatus {
  readonly code: status
  readonly details: string
}

/** The status for anything that was thrown. What is no ShoalError is a fault of ours: its text stays here. */
export function toGrpcStatus(error: unknown): GrpcStatus {
  if (error instanceof ShoalError) return { code: STATUS_OF[error.code], details: error.message }
  return { code: status.INTERNAL, details: 'internal error' }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && typeof error.details === 'string'
}

/** The error that a failed call stands for; a ShoalError stays what it is. The gRPC error is its cause. */
export function fromGrpcError(error: unknown): ShoalError {
  if (error instanceof ShoalError) return error
  if (!isServiceError(error)) return new ShoalError('internal', String(error), error)
  return new ShoalError(CODE_OF.get(error.code) ?? 'internal', error.details, error)
}

/** The trailer by which a manager that is not the primary names the one that is. */
export const PRIMARY_TRAILER = 'shoal-primary'

/** The primary's `host:port`, if a failed call tells it. @param error of gRPC, or the ShoalError made of it */
export function primaryNamedBy(error: unknown): string | undefined {
  const failure = error instanceof ShoalError ? error.cause : error
  const trailers = (failure as { metadata?: Metadata } | undefined)?.metadata
  return trailers?.get(PRIMARY_TRAILER)[0]?.toString()
}
