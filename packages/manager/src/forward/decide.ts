import { isRetryable } from '@shoal/common'

/** How one attempt to have the primary answer has ended. */
export type Outcome =
  /** The client has the primary's answer, or the beginning of it; or it has left. */
  | { readonly type: 'answered' }
  /** The one that was taken for the primary leads no more: it has done nothing, and nothing of the body was lost. */
  | { readonly type: 'declined' }
  /** Nothing of the request has left this manager. */
  | { readonly type: 'unsent'; readonly error: Error }
  /** It was sent, and nothing is known of what became of it. */
  | { readonly type: 'lost'; readonly error: Error }

/** What a request allows. */
export interface Traits {
  /** It asks and changes nothing: to make it twice does no harm. */
  readonly isRead: boolean
  /** It comes with a body, which can be sent only once. */
  readonly hasBody: boolean
}

export type Step = 'done' | 'again' | 'refuse' | 'refuse-as-unknown'

/** The errors of a connection to a machine or a process that is not there, or has just gone. */
const GONE: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
])

/**
 * What follows an attempt. A write that was sent is never sent again: it may have been carried out.
 * @param losses how many attempts of this request were `lost` so far, this one included: one repetition is enough for
 *   an election, and a read that ends every primary it comes to must not get through all of them
 * @param isPatient whether there is time left to wait for a primary
 */
export function stepAfter(outcome: Outcome, request: Traits, losses: number, isPatient: boolean): Step {
  switch (outcome.type) {
    case 'answered':
      return 'done'
    case 'declined':
      return isPatient ? 'again' : 'refuse'
    case 'unsent':
      return isPatient && isElection(outcome.error) ? 'again' : 'refuse'
    case 'lost':
      if (!request.isRead) return 'refuse-as-unknown'
      return losses === 1 && !request.hasBody ? 'again' : 'refuse'
  }
}

/** Whether a primary that is gone may explain the error: another one is worth waiting for. */
function isElection(error: Error): boolean {
  return isRetryable(error) || GONE.has((error as NodeJS.ErrnoException).code)
}
