import type { Clock } from '@shoal/common'
import type { State } from '../../state/state.js'
import { happeningOf, type SwarmEvent } from './event.js'

/** Docker's engine remembers as many. */
const REMEMBERED = 256
const MS_PER_SECOND = 1000
const NS_PER_MS = 1_000_000

/**
 * The events of the cluster as this manager saw them, from its own copy of the state: it goes on over a change of
 * the primary. It remembers the latest 256, for `since`.
 */
export class EventLog {
  readonly #remembered: SwarmEvent[] = []
  readonly #listeners = new Set<(event: SwarmEvent) => void>()
  readonly #stop: () => void

  constructor(state: Pick<State, 'subscribe'>, clock: Clock) {
    this.#stop = state.subscribe((changes) => {
      for (const change of changes) {
        const happening = happeningOf(change)
        if (happening) this.#tell(at(happening, clock.now()))
      }
    })
  }

  /** @returns the remembered events, oldest first */
  remembered(): readonly SwarmEvent[] {
    return this.#remembered
  }

  /** @returns ends the subscription */
  subscribe(listener: (event: SwarmEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  close(): void {
    this.#stop()
  }

  #tell(event: SwarmEvent): void {
    this.#remembered.push(event)
    if (this.#remembered.length > REMEMBERED) this.#remembered.shift()
    for (const listener of this.#listeners) listener(event)
  }
}

function at(happening: Omit<SwarmEvent, 'scope' | 'time' | 'timeNano'>, nowMs: number): SwarmEvent {
  return {
    ...happening,
    scope: 'swarm',
    time: Math.floor(nowMs / MS_PER_SECOND),
    timeNano: nowMs * NS_PER_MS,
  }
}
