import type { Metadata } from '@grpc/grpc-js'
import { fromGrpcError } from '@shoal/proto/status'
import type { SessionOutcome } from './decide.js'

/** The trailer by which a manager that is not the primary names the one that is. */
const PRIMARY_TRAILER = 'shoal-primary'

/**
 * What the end of a stream means.
 * @param error what ended it; undefined when the manager ended it in good order
 * @param livedMs how long it was welcome; undefined when it never was
 */
export function outcomeOf(error: unknown, livedMs: number | undefined): SessionOutcome {
  const { code, message: reason } =
    error === undefined ? { code: undefined, message: 'the manager ended the session' } : fromGrpcError(error)
  if (code === 'unauthenticated' || code === 'permission-denied') return { kind: 'refused', reason }
  const primary = primaryNamedBy(error)
  if (primary !== undefined) return { kind: 'unreachable', reason, primary }
  return livedMs === undefined ? { kind: 'unreachable', reason } : { kind: 'lost', reason, livedMs }
}

function primaryNamedBy(error: unknown): string | undefined {
  const trailers = (error as { metadata?: Metadata } | undefined)?.metadata
  return trailers?.get(PRIMARY_TRAILER)[0]?.toString()
}
