import type { ClientDuplexStream } from '@grpc/grpc-js'
import { ShoalError } from '@shoal/common'
import type { EngineRequest__Output, RelayDown__Output, RelayUp } from '@shoal/proto'

export type RelayCall = ClientDuplexStream<RelayUp, RelayDown__Output>

/** The agent's call to the manager for one relay. `over` aborts with its end, whoever ends it and however. */
export class Line {
  readonly over: AbortSignal
  readonly #call: RelayCall
  readonly #messages: AsyncIterator<RelayDown__Output>

  constructor(call: RelayCall) {
    const over = new AbortController()
    this.over = over.signal
    const end = (): void => over.abort()
    call.on('error', end).on('status', end)
    this.#call = call
    this.#messages = call[Symbol.asyncIterator]() as AsyncIterator<RelayDown__Output>
  }

  /** Resolves when the connection has taken the message. @throws ShoalError `unavailable` when the call is over */
  send(message: RelayUp): Promise<void> {
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new ShoalError('unavailable', 'the manager has hung up'))
      if (this.over.aborted) return lost()
      this.over.addEventListener('abort', lost, { once: true })
      this.#call.write(message, (error?: Error | null) => {
        this.over.removeEventListener('abort', lost)
        if (error) reject(error)
        else resolve()
      })
    })
  }

  /** What the manager wants asked: its first message. Undefined when it has hung up. */
  async request(): Promise<EngineRequest__Output | undefined> {
    const first = await this.#messages.next()
    return first.done ? undefined : (first.value.request ?? undefined)
  }

  /** What follows the request. */
  next(): Promise<IteratorResult<RelayDown__Output>> {
    return this.#messages.next()
  }

  /** Says that the answer is complete, and waits for the manager to end the call. */
  async finish(): Promise<void> {
    await this.send({ end: {} })
    this.#call.end()
    while (!(await this.#messages.next()).done);
  }

  hangUp(): void {
    if (!this.over.aborted) this.#call.cancel()
  }
}
