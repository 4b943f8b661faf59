/**
 * One error class with few codes. The codes are gRPC's names, because Docker's own API derives its
 * HTTP statuses from them; the edges (HTTP, gRPC, command line) translate. docs/errors.md lists them.
 */

export const ERROR_CODES = [
  'invalid-argument',
  'not-found',
  'already-exists',
  'failed-precondition',
  'out-of-sequence',
  'permission-denied',
  'unauthenticated',
  'unimplemented',
  'unavailable',
  'conflict',
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export class ShoalError extends Error {
  readonly code: ErrorCode

  /**
   * @param code what kind of failure this is; decides statuses and whether a retry makes sense
   * @param message what a user reads, in Docker's words where Docker has words for it
   * @param cause the error beneath, if there is one; it is kept for the log
   */
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ShoalError'
    this.code = code
  }
}

/** Whether the same call may succeed if it is simply made again. The only place that decides this. */
export function isRetryable(error: unknown): boolean {
  return error instanceof ShoalError && (error.code === 'unavailable' || error.code === 'conflict')
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Makes an exhaustive `switch` fail to compile when a case is missing. */
export function unreachable(value: never): never {
  throw new ShoalError('internal', `unhandled case: ${JSON.stringify(value)}`)
}
