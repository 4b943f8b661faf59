import { jittered, type Random } from '@shoal/common'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 8_000
/** A manager that stands still must not keep a host from the next primary; one that is busy gets more time later. */
const FIRST_PATIENCE_MS = 2_000
const LONGEST_PATIENCE_MS = 32_000
/** Where there is no other manager, there is nothing to hurry for: a busy one lets callers wait, and each call costs it. */
const PATIENCE_WITH_ONE_MS = { first: 16_000, longest: 64_000 } as const
/** Who was refused asks again seldom: a person has to do something first. */
const REFUSED_DELAY_MS = 30_000
/** A session that lived for less is a failure like one that never began. */
const SHORT_LIFE_MS = 2_000

/** How one attempt to hold a session ended. */
export type SessionOutcome =
  /** No manager was reached there, or it did not take the node. `primary`: it named who would. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly primary?: string }
  | { readonly kind: 'lost'; readonly reason: string; readonly livedMs: number; readonly primary?: string }
  /** The manager knows this node and will not have it, or does not know it. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface NextTry {
  readonly delayMs: number
  /** `host:port`; undefined when no manager is known. */
  readonly address: string | undefined
  /** Attempts in a row that failed. */
  readonly failures: number
  /** A manager that has not answered at all by then is passed over. */
  readonly patienceMs: number
}

/** The first attempt of an agent that has just started. */
export function firstTry(managers: readonly string[]): NextTry {
  return { delayMs: 0, address: managers[0], failures: 0, patienceMs: patienceFor(managers, 0, 0) }
}

/**
 * Whom to call next, and when. After a good session the primary that was named is called, or another manager than its
 * own, at once; else the managers take turns, and with every round wait and patience double.
 * @param failures the attempts in a row that had failed before this one
 * @param managers `host:port`, the primary's first
 * @param withinMs the time within which all agents are to be back, which one shares out by chance; a manager that is
 *   busy with them needs as much more patience
 */
export function decideNextTry(
  outcome: SessionOutcome,
  failures: number,
  managers: readonly string[],
  withinMs: number,
  random: Random,
): NextTry {
  const primary = outcome.kind === 'refused' ? undefined : outcome.primary
  if (outcome.kind === 'lost' && outcome.livedMs >= SHORT_LIFE_MS) {
    // Whoever was just lost may stand still and keep a caller waiting; any other manager names the primary at once.
    const failures = managers.length > 1 ? 1 : 0
    const address = primary ?? managers[failures]
    const delayMs = jittered(random, FIRST_DELAY_MS) + withinMs * random.next()
    return { delayMs, address, failures, patienceMs: patienceFor(managers, 0, withinMs) }
  }
  const failed = failures + 1
  const each = Math.max(managers.length, 1)
  const address = primary ?? managers[failed % each]
  const longestMs =
    outcome.kind === 'refused'
      ? REFUSED_DELAY_MS
      : Math.min(FIRST_DELAY_MS * 2 ** Math.floor(failures / each), LONGEST_DELAY_MS)
  return {
    delayMs: jittered(random, longestMs),
    address,
    failures: failed,
    patienceMs: patienceFor(managers, failed, withinMs),
  }
}

/**
 * A lost packet of a first call is sent again at ever longer intervals, so that even a lone manager is called anew; but
 * if all gave up at the same pace at which they called, it would only ever hear of callers that have gone.
 * @param failures the attempts in a row that have failed
 */
function patienceFor(managers: readonly string[], failures: number, withinMs: number): number {
  if (managers.length <= 1) {
    const { first, longest } = PATIENCE_WITH_ONE_MS
    return Math.min(first * 2 ** failures, longest) + withinMs
  }
  const turns = Math.floor(failures / managers.length)
  return Math.min(FIRST_PATIENCE_MS * 2 ** turns, LONGEST_PATIENCE_MS) + withinMs / 4
}
