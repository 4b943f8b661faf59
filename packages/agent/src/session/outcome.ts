import { status, type Metadata } from '@grpc/grpc-js'
import { messageOf } from '@shoal/common'
import type { SessionOutcome } from './decide.js'

/** The trailer by which a manager that is not the primary names the one that is. */
const PRIMARY_TRAILER = 'shoal-primary'

/**
 * What the end of a stream means.
 * @param error what ended it; undefined when the manager ended it in good order
 * @param livedMs how long it was welcome; undefined when it never was
 */
export function outcomeOf(error: unknown, livedMs: number | undefined): SessionOutcome {
  const reason = error === undefined ? 'the manager ended the session' : reasonOf(error)
  const { code, metadata } = (error ?? {}) as { code?: unknown; metadata?: Metadata }
  if (code === status.UNAUTHENTICATED || code === status.PERMISSION_DENIED) return { kind: 'refused', reason }
  const primary = metadata?.get?.(PRIMARY_TRAILER)[0]?.toString()
  if (primary !== undefined) return { kind: 'unreachable', reason, primary }
  return livedMs === undefined ? { kind: 'unreachable', reason } : { kind: 'lost', reason, livedMs }
}

/** gRPC writes the status before the details; the details alone are what a person reads. */
function reasonOf(error: unknown): string {
  const { details } = error as { details?: unknown }
  return typeof details === 'string' && details !== '' ? details : messageOf(error)
}
