import { replayCommand, simulate, type Bug, type Outcome } from '../index.js'

/** Lives through seeds from 1 on, until one violates a rule. */
export async function firstViolation(seeds: number, bug?: Bug): Promise<Outcome | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    const outcome = await simulate({ seed, ...(bug && { bug }) })
    if (outcome.violation) return outcome
  }
  return undefined
}

/** What was violated, how it is replayed, and what came before it. */
export function told({ seed, violation, trace }: Outcome, bug?: Bug): string {
  return [
    `"${violation?.rule}": ${violation?.detail}`,
    `replay: ${replayCommand(seed, bug)}`,
    ...trace.slice(-40),
  ].join('\n')
}
