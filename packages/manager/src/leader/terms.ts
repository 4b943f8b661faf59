import { setMaxListeners } from 'node:events'
import { type Clock, isRetryable, type Logger, sleep } from '@shoal/common'
import type { LiveState } from '../state/open.js'
import type { Leadership } from './campaign.js'

/** One time as primary. */
export interface Term {
  readonly leadership: Leadership
  /** Aborts at the end of the term, however it comes about: whatever runs in it has to end then. */
  readonly signal: AbortSignal
}

export interface TermOptions {
  readonly state: LiveState
  /** Waits for the next leadership. @throws ShoalError `unavailable` when the manager is stopping */
  readonly win: () => Promise<Leadership>
  /** Starts what only the primary runs. The state can be written when it is called. */
  readonly begin: (term: Term) => Promise<void> | void
  readonly clock: Clock
  readonly log: Logger
  /** The manager is stopping: the present term, if there is one, is the last, and is resigned at once. */
  readonly signal: AbortSignal
}

const RETRY_DELAY_MS = 300

/**
 * Leads whenever it can: campaigns, serves a term until it is lost, and campaigns again. Invariant: between two
 * terms nothing is written, and nothing of the old term runs on. It never rejects.
 */
export async function runTerms(options: TermOptions): Promise<void> {
  const { clock, log, signal } = options
  while (!signal.aborted) {
    try {
      await serve(options, await options.win())
    } catch (error) {
      if (signal.aborted) return
      const level = isRetryable(error) ? 'warn' : 'error'
      log[level]({ err: error }, 'the term could not be served, trying again')
      await sleep(clock, RETRY_DELAY_MS, signal)
    }
  }
}

async function serve({ state, begin, log, signal }: TermOptions, leadership: Leadership): Promise<void> {
  const term = new AbortController()
  // All that runs in a term listens for its end: Node takes more than ten for a leak.
  setMaxListeners(0, term.signal)
  const end = (): void => term.abort()
  const over = untilAborted(term.signal)
  for (const reason of [signal, leadership.lost]) onAbort(reason, end, term.signal)
  try {
    await state.lead(leadership, term.signal)
    onAbort(state.deposed, end, term.signal)
    await begin({ leadership, signal: term.signal })
    log.info('this manager leads')
    await over
    if (!signal.aborted) log.warn('this manager leads no more')
  } finally {
    end()
    state.stepDown()
    await leadership.resign().catch((error: unknown) => log.debug({ err: error }, 'lease left to expire'))
  }
}

/** Calls `then` when `signal` aborts (at once, when it has), unless `until` comes first. */
function onAbort(signal: AbortSignal, then: () => void, until: AbortSignal): void {
  if (signal.aborted) then()
  else signal.addEventListener('abort', then, { once: true, signal: until })
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
