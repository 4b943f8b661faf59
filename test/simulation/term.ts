import type { Term } from '@shoal/manager/leader/index'
import type { State } from '@shoal/manager/state/state'
import { patched } from './patched.js'
import type { SimProcess } from './process.js'
import type { World } from './world.js'

/** What was under way when the term ended may still come out, so much later, in milliseconds. */
const GRACE_MS = 10_000

/** The state as what runs in one term sees it. Whoever goes on deciding after the term's end is found out. */
export function withinTerm(world: World, process: SimProcess, state: State, term: Term): State {
  let endedMs: number | undefined
  const ended = (): void => {
    if (term.signal.aborted) endedMs = world.clock.now()
  }
  term.signal.addEventListener('abort', ended, { once: true })
  // While it is paused nothing of it can end.
  process.onChange(ended)
  return patched(state, {
    commit(mutations) {
      if (endedMs !== undefined && world.clock.now() - endedMs > GRACE_MS) {
        world.violate(
          'nothing outlives its term',
          `${process.name} decides on ${mutations.map(({ kind }) => kind).join()} after the end of a term`,
        )
      }
      return state.commit(mutations)
    },
  })
}
