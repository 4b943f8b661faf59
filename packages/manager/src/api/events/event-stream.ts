import type { ServerResponse } from 'node:http'
import type { ApiOptions } from '../options.js'
import { EngineEvents } from './engine-events.js'
import type { EngineSource } from './engine-source.js'
import type { ClusterEvent } from './event.js'
import { PrimaryEvents } from './primary-events.js'
import type { EventQuery } from './query.js'

/** A client that has left this much unread, in bytes, does not read: its stream is ended. */
const LARGEST_BACKLOG_BYTES = 4 * 1024 * 1024

export type EventStreamOptions = Pick<ApiOptions, 'events' | 'state' | 'engines' | 'clock' | 'log' | 'passOn'>

export interface EventStreamQuery extends EventQuery {
  /** Whether a manager that is not the primary asks the primary for what the engines tell. */
  readonly asksPrimary: boolean
}

/**
 * One client's stream of events: the past that was asked for in the order of its times, then what comes, until the time
 * is over or the client has gone. What comes while the past is gathered waits for it.
 */
export class EventStream {
  readonly #options: EventStreamOptions
  readonly #query: EventStreamQuery
  readonly #response: ServerResponse
  readonly #endings: (() => void)[] = []
  #engines: EngineSource | undefined
  #waiting: ClusterEvent[] | undefined
  #past: Promise<void> = Promise.resolve()

  constructor(response: ServerResponse, query: EventStreamQuery, options: EventStreamOptions) {
    this.#response = response
    this.#query = query
    this.#options = options
  }

  /** Begins; it ends by itself. */
  start(): void {
    const { events, clock, passOn, log } = this.#options
    const { sinceMs, untilMs } = this.#query
    const nowMs = clock.now()
    this.#response.once('close', () => this.#end())
    const isOver = untilMs !== undefined && untilMs <= nowMs
    if (sinceMs !== undefined) this.#waiting = []
    if (!isOver) {
      this.#endings.push(events.subscribe((event) => this.#take(event)))
      this.#followEngines()
      if (passOn) this.#endings.push(passOn.onRoleChange(() => this.#followEngines()))
    }
    if (sinceMs !== undefined) this.#past = this.#tellPast(sinceMs, Math.min(nowMs, untilMs ?? nowMs))
    this.#past.catch((error: unknown) => log.warn({ err: error }, 'the past could not be told'))
    if (untilMs === undefined) return
    const finish = (): void => void this.#past.finally(() => this.#response.end()).catch(() => undefined)
    this.#endings.push(clock.setTimer(Math.max(0, untilMs - nowMs), finish))
  }

  /** By way of the primary, which alone reaches them. */
  #followEngines(): void {
    this.#engines?.close()
    this.#engines = this.#engineSource()
    this.#engines?.follow((event) => this.#take(event))
  }

  #engineSource(): EngineSource | undefined {
    const { engines, passOn } = this.#options
    const { engineEvents: kinds, filters, asksPrimary } = this.#query
    if (!kinds || this.#response.destroyed) return undefined
    if (passOn && !passOn.primary) {
      return asksPrimary ? new PrimaryEvents({ ...this.#options, passOn, filters }) : undefined
    }
    return engines && new EngineEvents({ ...this.#options, engines, kinds })
  }

  async #tellPast(sinceMs: number, untilMs: number): Promise<void> {
    const remembered = this.#options.events
      .remembered()
      .filter(({ timeNano }) => isWithin(timeNano, sinceMs, untilMs))
    const ofEngines = (await this.#engineSource()?.past(sinceMs, untilMs)) ?? []
    const past = [...remembered, ...ofEngines].sort((a, b) => a.timeNano - b.timeNano)
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const event of [...past, ...waiting]) this.#send(event)
  }

  #take(event: ClusterEvent): void {
    if (this.#waiting) this.#waiting.push(event)
    else this.#send(event)
  }

  #send(event: ClusterEvent): void {
    if (!this.#query.wants(event) || this.#response.destroyed || this.#response.writableEnded) return
    this.#response.write(`${JSON.stringify(event)}\n`)
    if (this.#response.writableLength > LARGEST_BACKLOG_BYTES) {
      this.#options.log.warn('a client of the events does not read them: its stream is ended')
      this.#response.destroy()
    }
  }

  #end(): void {
    for (const end of this.#endings.splice(0)) end()
    this.#engines?.close()
  }
}

function isWithin(timeNano: number, sinceMs: number, untilMs: number): boolean {
  const atMs = timeNano / 1_000_000
  return atMs >= sinceMs && atMs <= untilMs
}
