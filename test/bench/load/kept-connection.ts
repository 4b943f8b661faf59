import { connect, type Socket } from 'node:net'
import { AnswerReader, requireGood } from './answer-reader.js'
import { Failure, failureOf } from './failure.js'
import type { Target } from './target.js'

interface Pending {
  readonly resolve: (body: string) => void
  readonly reject: (failure: Failure) => void
}

/** One request at a time over a connection that is kept, and opened anew when it is not there any more. */
export class KeptConnection {
  readonly #target: Target
  readonly #onReopened: () => void
  #socket: Socket | undefined
  #reader = new AnswerReader()
  #pending: Pending | undefined

  /** @param onReopened called when the server has closed the connection between two requests */
  constructor(target: Target, onReopened: () => void) {
    this.#target = target
    this.#onReopened = onReopened
  }

  /** @returns the body @throws Failure */
  async request(timeoutMs: number): Promise<string> {
    const socket = (this.#socket ??= this.#open())
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<string>((resolve, reject) => {
        this.#pending = { resolve, reject }
        timer = setTimeout(
          () => this.#drop(socket, new Failure('timeout', `no answer in ${timeoutMs} ms`)),
          timeoutMs,
        )
        socket.write(`GET ${this.#target.path} HTTP/1.1\r\nHost: ${this.#target.address}\r\n\r\n`)
      })
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #open(): Socket {
    const socket = connect({ host: this.#target.host, port: this.#target.port, noDelay: true })
    const reader = new AnswerReader()
    this.#reader = reader
    socket.on('data', (piece) => this.#read(socket, piece))
    socket.on('error', (error) => this.#drop(socket, failureOf(error)))
    socket.on('end', () =>
      this.#drop(
        socket,
        new Failure(reader.begun ? 'cut' : 'unanswered', 'closed before the answer was whole'),
      ),
    )
    return socket
  }

  #read(socket: Socket, piece: Buffer): void {
    if (socket !== this.#socket) return
    try {
      if (!this.#pending) throw new Failure('bad-answer', 'an answer that nobody asked for')
      const answer = this.#reader.push(piece)
      if (!answer) return
      const body = requireGood(answer)
      if (answer.closes) this.close()
      this.#take()?.resolve(body)
    } catch (error) {
      this.#drop(socket, error as Failure)
    }
  }

  /** The connection is no more; what waited for an answer will not get one. */
  #drop(socket: Socket, failure: Failure): void {
    if (socket !== this.#socket) return
    this.close()
    const pending = this.#take()
    if (pending) pending.reject(failure)
    else this.#onReopened()
  }

  #take(): Pending | undefined {
    const pending = this.#pending
    this.#pending = undefined
    return pending
  }
}
