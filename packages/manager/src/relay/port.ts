import type { Duplex } from 'node:stream'

/** What is asked of a node's engine. */
export interface EngineRequest {
  readonly method: string
  /** With its query and without a version; containers and execs by their full ID. */
  readonly path: string
  /** The version that the client speaks; an older engine answers in its own. */
  readonly apiVersion: string
  readonly contentType?: string
  /** The client's X-Registry-Auth, for what the engine asks of a registry. */
  readonly registryAuth?: string
  /** The connection becomes a stream of bytes, and this is the whole body of the request. */
  readonly upgrade?: { readonly body: Buffer }
}

export interface EngineAnswer {
  readonly status: number
  /** By their names in small letters. */
  readonly headers: Readonly<Record<string, string>>
}

/** One call under way. */
export interface Relay {
  /** Rejects with a ShoalError when there will be none. */
  readonly answer: Promise<EngineAnswer>
  /**
   * Takes the request's body, to be ended also when there is none, and gives that of the answer; of an upgraded call,
   * the bytes of both sides. It fails with a ShoalError `unavailable`; destroying it ends the call.
   */
  readonly stream: Duplex
}

/** The engines of the nodes that are connected. */
export interface NodeEngines {
  /** @throws ShoalError `unavailable` when the node is not connected, or has too many calls under way */
  open(nodeId: string, request: EngineRequest): Relay
}
