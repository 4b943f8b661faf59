import { fromGrpcError, primaryNamedBy } from '@shoal/proto/status'
import type { SessionOutcome } from './decide.js'

/**
 * What the end of a stream means.
 * @param error what ended it; undefined when the manager ended it in good order
 * @param livedMs how long it was welcome; undefined when it never was
 */
export function outcomeOf(error: unknown, livedMs: number | undefined): SessionOutcome {
  const { code, message: reason } =
    error === undefined ? { code: undefined, message: 'the manager ended the session' } : fromGrpcError(error)
  if (code === 'unauthenticated' || code === 'permission-denied') return { kind: 'refused', reason }
  const named = primaryNamedBy(error)
  const primary = named === undefined ? {} : { primary: named }
  return livedMs === undefined
    ? { kind: 'unreachable', reason, ...primary }
    : { kind: 'lost', reason, livedMs, ...primary }
}
