import type { Clock } from '@shoal/common'
import type { Change } from '../../state/records.js'
import type { State } from '../../state/state.js'
import { containerHappenings } from './container-event.js'
import { type ClusterEvent, type ContainerHappening, type Happening, happeningOf } from './event.js'

/** Docker's engine remembers as many. */
const REMEMBERED = 256
/** Containers of a whole cluster come and go more often; they shall not push out what users did. */
const REMEMBERED_OF_CONTAINERS = 1024
const MS_PER_SECOND = 1000
const NS_PER_MS = 1_000_000

/**
 * The events of the cluster as this manager saw them, from its own copy of the state: it goes on over a change of
 * the primary. It remembers the latest, for `since`: 256 of the cluster's objects, and 1024 of its containers.
 */
export class EventLog {
  readonly #objects: ClusterEvent[] = []
  readonly #containers: ClusterEvent[] = []
  readonly #listeners = new Set<(event: ClusterEvent) => void>()
  readonly #state: State
  readonly #stop: () => void

  constructor(state: State, clock: Clock) {
    this.#state = state
    this.#stop = state.subscribe((changes) => {
      for (const change of changes) {
        for (const happening of this.#happeningsOf(change)) this.#tell(at(happening, clock.now()))
      }
    })
  }

  /** @returns the remembered events, oldest first */
  remembered(): readonly ClusterEvent[] {
    return [...this.#objects, ...this.#containers].sort((a, b) => a.timeNano - b.timeNano)
  }

  /** @returns ends the subscription */
  subscribe(listener: (event: ClusterEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  close(): void {
    this.#stop()
  }

  #happeningsOf(change: Change): readonly (Happening | ContainerHappening)[] {
    if (change.kind === 'task') return containerHappenings(change, this.#state)
    const happening = happeningOf(change)
    return happening ? [happening] : []
  }

  #tell(event: ClusterEvent): void {
    const [remembered, limit] =
      event.Type === 'container' ? [this.#containers, REMEMBERED_OF_CONTAINERS] : [this.#objects, REMEMBERED]
    remembered.push(event)
    if (remembered.length > limit) remembered.shift()
    for (const listener of this.#listeners) listener(event)
  }
}

function at(happening: Happening | ContainerHappening, nowMs: number): ClusterEvent {
  return {
    ...happening,
    scope: happening.Type === 'container' ? 'local' : 'swarm',
    time: Math.floor(nowMs / MS_PER_SECOND),
    timeNano: nowMs * NS_PER_MS,
  }
}
