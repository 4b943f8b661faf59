import { Duplex } from 'node:stream'
import { status, type ServerDuplexStream } from '@grpc/grpc-js'
import { ShoalError } from '@shoal/common'
import type { RelayDown, RelayUp__Output } from '@shoal/proto'
import type { EngineAnswer, EngineRequest, Relay } from './port.js'

export type RelayCall = ServerDuplexStream<RelayUp__Output, RelayDown>

/** How much is held for a side that is not ready for it, in bytes. */
const BUFFER_BYTES = 64 * 1024

type State =
  | { readonly kind: 'wanted'; readonly waiting: ((call: RelayCall) => void)[] }
  | { readonly kind: 'carried'; readonly call: RelayCall }
  | { readonly kind: 'over' }

interface Settle {
  resolve(answer: EngineAnswer): void
  reject(error: Error): void
}

/**
 * The manager's end of one relay: what is written goes to the agent, what the agent sends is read. It waits for the
 * agent's call first. When the agent has said all, it is over: what is still written is of no use to anyone.
 */
export class RelayStream extends Duplex implements Relay {
  readonly answer: Promise<EngineAnswer>
  readonly #request: EngineRequest
  readonly #node: string
  readonly #settle: Settle
  #state: State = { kind: 'wanted', waiting: [] }

  /** @param node what users call it */
  constructor(request: EngineRequest, node: string) {
    super({ highWaterMark: BUFFER_BYTES, allowHalfOpen: false })
    this.#request = request
    this.#node = node
    let settle: Settle | undefined
    this.answer = new Promise((resolve, reject) => {
      settle = { resolve, reject }
    })
    // Who reads only the stream hears of it there.
    this.answer.catch(() => undefined)
    if (!settle) throw new Error('a promise runs its executor at once')
    this.#settle = settle
  }

  get stream(): Duplex {
    return this
  }

  get isWanted(): boolean {
    return this.#state.kind === 'wanted'
  }

  /** The agent has called. */
  carryBy(call: RelayCall): void {
    if (this.#state.kind !== 'wanted') return refuse(call, 'this relay is not wanted any more')
    const { waiting } = this.#state
    this.#state = { kind: 'carried', call }
    const { method, path, apiVersion, contentType, registryAuth, upgrade } = this.#request
    call.write({
      request: {
        method,
        path,
        apiVersion,
        contentType: contentType ?? '',
        registryAuth: registryAuth ?? '',
        upgrade: upgrade !== undefined,
        ...(upgrade && { body: upgrade.body }),
      },
    })
    call.on('data', (message: RelayUp__Output) => this.#hear(call, message))
    // A connection that breaks may look like an end: only the agent's own word makes an answer complete. After it the
    // call ends in one of these ways as well, and what has not been read yet is still to be read.
    const lose = (): void => {
      if (this.#state.kind === 'carried') this.destroy(this.#lost())
    }
    call.once('end', lose)
    call.once('cancelled', lose)
    call.on('error', lose)
    for (const write of waiting) write(call)
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send({ data }, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send({ end: {} }, done)
  }

  override _read(): void {
    if (this.#state.kind === 'carried') this.#state.call.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const before = this.#state
    this.#state = { kind: 'over' }
    this.#settle.reject(error ?? this.#lost())
    if (before.kind === 'carried') refuse(before.call, error?.message ?? 'nobody waits for the answer')
    done(error)
  }

  #send(message: RelayDown, done: (error?: Error | null) => void): void {
    const state = this.#state
    if (state.kind === 'over') return done()
    const write = (call: RelayCall): void => void call.write(message, done)
    if (state.kind === 'carried') write(state.call)
    else state.waiting.push(write)
  }

  #hear(call: RelayCall, { head, data, failure, end, body }: RelayUp__Output): void {
    if (end) this.#complete(call)
    else if (head) this.#settle.resolve(head)
    else if (body === 'data' && data && data.length > 0) {
      if (!this.push(data)) call.pause()
    } else if (body === 'failure') {
      this.destroy(new ShoalError('unavailable', failure || 'the Docker Engine broke off'))
    }
  }

  #lost(): ShoalError {
    return new ShoalError('unavailable', lostNode(this.#node))
  }

  #complete(call: RelayCall): void {
    if (this.#state.kind !== 'carried') return
    this.#state = { kind: 'over' }
    this.#settle.reject(this.#lost())
    call.end()
    this.push(null)
  }
}

/** Why a stream ends when its node, the node's agent or the way there is gone. */
export function lostNode(name: string): string {
  return `the connection to node ${name} is lost`
}

/** This is how grpc-js takes the status of a stream. */
function refuse(call: RelayCall, details: string): void {
  call.emit('error', { code: status.CANCELLED, details })
}
