import { status } from '@grpc/grpc-js'
import { ShoalError, type Clock } from '@shoal/common'
import type { RelayUp__Output } from '@shoal/proto'
import type { EngineRequest, NodeEngines, Relay } from './port.js'
import { lostNode, RelayStream, type RelayCall } from './relay-stream.js'

/** How long an agent may take to call, in milliseconds: one that does not know of relays never does. */
const CALL_WITHIN_MS = 10_000
/** How many calls of one engine may be under way: as many as its agent carries. */
const LIMIT_PER_NODE = 1_000

export interface RelayTableOptions {
  readonly clock: Clock
  /** Tells the node's agent that a relay is wanted. @returns whether there is a session to tell it in */
  readonly want: (nodeId: string, id: string) => boolean
  /** What users call a node. */
  readonly nameOf: (nodeId: string) => string
}

/** Every relay of this manager, by node. Those of a node end with its session, and all of them with the term. */
export class RelayTable implements NodeEngines {
  readonly #options: RelayTableOptions
  readonly #ofNode = new Map<string, Map<string, RelayStream>>()
  #count = 0

  constructor(options: RelayTableOptions) {
    this.#options = options
  }

  open(nodeId: string, request: EngineRequest): Relay {
    const { clock, want, nameOf } = this.#options
    const relays = this.#ofNode.get(nodeId) ?? new Map<string, RelayStream>()
    if (relays.size >= LIMIT_PER_NODE) {
      throw new ShoalError('unavailable', `too many streams of node ${nameOf(nodeId)} are open`)
    }
    const id = String(++this.#count)
    if (!want(nodeId, id)) throw new ShoalError('unavailable', `node ${nameOf(nodeId)} is not connected`)
    const relay = new RelayStream(request, nameOf(nodeId))
    this.#ofNode.set(nodeId, relays.set(id, relay))
    const cancel = clock.setTimer(CALL_WITHIN_MS, () => {
      if (relay.isWanted)
        relay.destroy(new ShoalError('unavailable', `node ${nameOf(nodeId)} does not answer`))
    })
    // What it fails with is told to whoever reads it or waits for the answer; nobody may be there any more.
    relay.on('error', () => undefined)
    relay.once('close', () => {
      cancel()
      relays.delete(id)
      if (relays.size === 0) this.#ofNode.delete(nodeId)
    })
    return relay
  }

  /** An agent calls for a relay that was wanted of it. */
  accept(call: RelayCall, nodeId: string): void {
    call.once('data', ({ id }: RelayUp__Output) => {
      const relay = id === undefined ? undefined : this.#ofNode.get(nodeId)?.get(id)
      if (relay) relay.carryBy(call)
      else call.emit('error', { code: status.NOT_FOUND, details: 'no such relay' })
    })
  }

  /** The node's session is over. */
  endNode(nodeId: string): void {
    this.#end(nodeId, lostNode(this.#options.nameOf(nodeId)))
  }

  /** @param reason for users */
  endAll(reason: string): void {
    for (const nodeId of this.#ofNode.keys()) this.#end(nodeId, reason)
  }

  #end(nodeId: string, reason: string): void {
    for (const relay of this.#ofNode.get(nodeId)?.values() ?? []) {
      relay.destroy(new ShoalError('unavailable', reason))
    }
  }
}
