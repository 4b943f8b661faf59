import type { Bug } from './bugs/index.js'

/** The command that lives through a seed again, and tells everything. */
export function replayCommand(seed: number, bug?: Bug): string {
  return `npm run sim -- --from ${seed} --seeds 1 --trace${bug ? ` --bug ${bug}` : ''}`
}
