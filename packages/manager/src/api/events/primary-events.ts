import { sleep, type Clock, type Logger } from '@shoal/common'
import type { State } from '../../state/state.js'
import type { PassOn } from '../options.js'
import { isKnownByState } from './engine-event.js'
import { documentsOf, type EngineSource, secondsOf } from './engine-source.js'
import type { ClusterEvent } from './event.js'

/** After the primary was lost: another one may be about to take over. */
const RETRY_MS = 1_000
/** How far back the next primary is asked: for longer nobody keeps a dead one for alive. */
const OVERLAP_MS = 10_000
/** Of the events heard last, so that none of them is told twice. */
const REMEMBERED = 1_024

export interface PrimaryEventsOptions {
  readonly state: State
  readonly passOn: PassOn
  readonly clock: Clock
  readonly log: Logger
  /** As the client gave them: a JSON text, or empty. */
  readonly filters: string
}

/** What the engines tell, heard of the primary: only it reaches them. */
export class PrimaryEvents implements EngineSource {
  readonly #options: PrimaryEventsOptions
  readonly #closed = new AbortController()
  readonly #told = new Set<string>()

  constructor(options: PrimaryEventsOptions) {
    this.#options = options
  }

  async past(sinceMs: number, untilMs: number): Promise<ClusterEvent[]> {
    const found: ClusterEvent[] = []
    try {
      await this.#read((event) => found.push(event), sinceMs, untilMs)
    } catch (error) {
      this.#options.log.debug({ err: error }, 'the primary does not tell the past')
    }
    return found
  }

  follow(listener: (event: ClusterEvent) => void): void {
    void this.#follow(listener)
  }

  close(): void {
    this.#closed.abort()
  }

  async #follow(listener: (event: ClusterEvent) => void): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#closed
    for (let sinceMs = clock.now(); !signal.aborted; sinceMs = clock.now() - OVERLAP_MS) {
      await this.#read((event) => this.#tellOnce(event, listener), sinceMs).catch(() => undefined)
      await sleep(clock, RETRY_MS, signal)
    }
  }

  #tellOnce(event: ClusterEvent, listener: (event: ClusterEvent) => void): void {
    const key = `${event.Actor.ID} ${event.Action} ${event.timeNano}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    if (this.#told.size > REMEMBERED) this.#told.delete(String(this.#told.values().next().value))
    listener(event)
  }

  async #read(listener: (event: ClusterEvent) => void, sinceMs: number, untilMs?: number): Promise<void> {
    const { passOn, filters, state } = this.#options
    const query = new URLSearchParams({
      since: secondsOf(sinceMs),
      ...(untilMs !== undefined && { until: secondsOf(untilMs) }),
      ...(filters !== '' && { filters }),
    })
    const stream = await passOn.read(`/events?${query.toString()}`, this.#closed.signal)
    for await (const document of documentsOf(stream as AsyncIterable<Buffer>)) {
      const event = document as ClusterEvent
      if (event.Type === 'container' && !isKnownByState(event, state)) listener(event)
    }
  }
}
