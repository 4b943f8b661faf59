import { jittered, type Random } from '@shoal/common'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 8_000
/** Who was refused asks again seldom: a person has to do something first. */
const REFUSED_DELAY_MS = 30_000
/** A session that lived for less is a failure like one that never began. */
const SHORT_LIFE_MS = 5_000

/** How one attempt to hold a session ended. */
export type SessionOutcome =
  /** No manager was reached there, or it did not take the node. `primary`: it named who would. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly primary?: string }
  | { readonly kind: 'lost'; readonly reason: string; readonly livedMs: number }
  /** The manager knows this node and will not have it, or does not know it. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface NextTry {
  readonly delayMs: number
  /** `host:port`; undefined when no manager is known. */
  readonly address: string | undefined
  /** Attempts in a row that failed. */
  readonly failures: number
}

/**
 * Whom to call next, and when. After a good session another manager than its own is called at once; else the
 * managers take turns, and the wait doubles with every round.
 * @param failures the attempts in a row that had failed before this one
 * @param managers `host:port`, the primary's first
 */
export function decideNextTry(
  outcome: SessionOutcome,
  failures: number,
  managers: readonly string[],
  random: Random,
): NextTry {
  if (outcome.kind === 'lost' && outcome.livedMs >= SHORT_LIFE_MS) {
    // Whoever was just lost may stand still and keep a caller waiting; any other manager names the primary at once.
    const failures = managers.length > 1 ? 1 : 0
    return { delayMs: jittered(random, FIRST_DELAY_MS), address: managers[failures], failures }
  }
  const failed = failures + 1
  const address = managers[failed % Math.max(managers.length, 1)]
  if (outcome.kind === 'refused') {
    return { delayMs: jittered(random, REFUSED_DELAY_MS), address, failures: failed }
  }
  const round = Math.floor(failures / Math.max(managers.length, 1))
  const delayMs = jittered(random, Math.min(FIRST_DELAY_MS * 2 ** round, LONGEST_DELAY_MS))
  const primary = outcome.kind === 'unreachable' ? outcome.primary : undefined
  return { delayMs, address: primary ?? address, failures: failed }
}
