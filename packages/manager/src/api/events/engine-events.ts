import type { CancelTimer, Clock, Logger } from '@shoal/common'
import type { NodeEngines, Relay } from '../../relay/index.js'
import type { State } from '../../state/state.js'
import { API_VERSION } from '../api-version.js'
import { clusterEventOf } from './engine-event.js'
import { documentsOf, type EngineSource, secondsOf } from './engine-source.js'
import type { ClusterEvent } from './event.js'

/** After a stream was lost while its node is ready: its agent may be about to connect anew. */
const RETRY_MS = 1_000
/** How many engines are asked for their past at the same time. */
const PARALLEL = 32
const MS_PER_SECOND = 1_000
const NS_PER_MS = 1_000_000

export interface EngineEventsOptions {
  readonly state: State
  readonly engines: NodeEngines
  readonly clock: Clock
  readonly log: Logger
  /** Which kinds of events; all when it is empty. */
  readonly kinds: readonly string[]
}

/**
 * What the engines of all nodes tell of the tasks' containers, by one relay each, for one client. An engine remembers
 * its latest events, so nothing is missed while a node's agent connects anew; of a node that is away nothing is heard.
 */
export class EngineEvents implements EngineSource {
  readonly #options: EngineEventsOptions
  readonly #relays = new Map<string, Relay>()
  readonly #retries = new Map<string, CancelTimer>()
  /** Up to when each node has been heard, in milliseconds since the epoch by its own clock. */
  readonly #heard = new Map<string, number>()
  #unsubscribe: (() => void) | undefined

  constructor(options: EngineEventsOptions) {
    this.#options = options
  }

  async past(sinceMs: number, untilMs: number): Promise<ClusterEvent[]> {
    const nodes = this.#readyNodes()
    const found: ClusterEvent[] = []
    const lane = async (): Promise<void> => {
      for (let nodeId = nodes.pop(); nodeId !== undefined; nodeId = nodes.pop()) {
        await this.#read(nodeId, sinceMs, (event) => found.push(event), untilMs).catch((error: unknown) =>
          this.#options.log.debug({ err: error, nodeId }, 'an engine does not tell its events'),
        )
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, lane))
    return found
  }

  follow(listener: (event: ClusterEvent) => void): void {
    const { state, clock } = this.#options
    const sinceMs = clock.now()
    const attend = (nodeId: string): void => void this.#attend(nodeId, sinceMs, listener)
    this.#unsubscribe = state.subscribe((changes) => {
      for (const { kind, after } of changes) if (kind === 'node' && after) attend(after.ID)
    })
    for (const nodeId of this.#readyNodes()) attend(nodeId)
  }

  close(): void {
    this.#unsubscribe?.()
    for (const cancel of this.#retries.values()) cancel()
    this.#retries.clear()
    for (const { stream } of this.#relays.values()) stream.destroy()
  }

  #readyNodes(): string[] {
    const nodes = [...this.#options.state.all('node')]
    return nodes.filter(({ Status }) => Status.State === 'ready').map(({ ID }) => ID)
  }

  /** Reads a ready node as long as it can be; then again. */
  async #attend(nodeId: string, sinceMs: number, listener: (event: ClusterEvent) => void): Promise<void> {
    const { state, clock } = this.#options
    if (state.get('node', nodeId)?.Status.State !== 'ready') return
    if (this.#relays.has(nodeId) || this.#retries.has(nodeId)) return
    await this.#read(nodeId, this.#heard.get(nodeId) ?? sinceMs, listener).catch(() => undefined)
    if (!this.#unsubscribe) return
    const again = (): void => {
      this.#retries.delete(nodeId)
      void this.#attend(nodeId, sinceMs, listener)
    }
    this.#retries.get(nodeId)?.()
    this.#retries.set(nodeId, clock.setTimer(RETRY_MS, again))
  }

  async #read(
    nodeId: string,
    sinceMs: number,
    listener: (event: ClusterEvent) => void,
    untilMs?: number,
  ): Promise<void> {
    const { engines, state } = this.#options
    const path = pathOf(sinceMs, untilMs, this.#options.kinds)
    const relay = engines.open(nodeId, { method: 'GET', path, apiVersion: API_VERSION })
    if (untilMs === undefined) this.#relays.set(nodeId, relay)
    try {
      relay.stream.end()
      const { status } = await relay.answer
      if (status !== 200) throw new Error(`the engine answers ${status}`)
      for await (const document of documentsOf(relay.stream as AsyncIterable<Buffer>)) {
        const event = clusterEventOf(document, nodeId, state)
        if (!event) continue
        if (untilMs === undefined) this.#heard.set(nodeId, event.timeNano / NS_PER_MS + 1 / MS_PER_SECOND)
        listener(event)
      }
    } finally {
      if (untilMs === undefined) this.#relays.delete(nodeId)
      relay.stream.destroy()
    }
  }
}

function pathOf(sinceMs: number, untilMs: number | undefined, kinds: readonly string[]): string {
  const until = untilMs === undefined ? '' : `&until=${secondsOf(untilMs)}`
  return `/events?since=${secondsOf(sinceMs)}${until}${kinds.map((kind) => `&event=${kind}`).join('')}`
}
