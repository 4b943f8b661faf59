/** Images of the simulated registry, and what their containers do. */
export type Behaviour = 'good' | 'slow' | 'sick' | 'crash' | 'flaky' | 'missing'

const BEHAVIOURS: readonly Behaviour[] = ['good', 'slow', 'sick', 'crash', 'flaky', 'missing']

/** What the name of an image says of its containers: `crash:3` crashes. */
export function behaviourOf(image: string): Behaviour {
  return BEHAVIOURS.find((behaviour) => image.startsWith(`${behaviour}:`)) ?? 'good'
}

/** Those that can be pulled. */
export const IMAGES: readonly string[] = BEHAVIOURS.filter((behaviour) => behaviour !== 'missing').flatMap(
  (behaviour) => Array.from({ length: 10 }, (_, version) => `${behaviour}:${version}`),
)
