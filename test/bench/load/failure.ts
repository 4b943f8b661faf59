export const FAILURE_KINDS = [
  'refused',
  'unreachable',
  'timeout',
  'reset',
  'cut',
  'unanswered',
  'bad-answer',
  'not-sent',
  'other',
] as const
export type FailureKind = (typeof FAILURE_KINDS)[number]

/** A request that got no whole, good answer. */
export class Failure extends Error {
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string) {
    super(message)
    this.kind = kind
  }
}

const KINDS: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
}

/** A socket's error as a failure. */
export function failureOf(error: NodeJS.ErrnoException): Failure {
  return error instanceof Failure ? error : new Failure(KINDS[error.code ?? ''] ?? 'other', error.message)
}
