import { Failure } from './failure.js'

export interface HttpAnswer {
  readonly status: number
  readonly body: string
  /** Whether the server will close the connection. */
  readonly closes: boolean
}

const HEADERS_END = '\r\n\r\n'

/** Reads one HTTP/1.1 answer whose length is told beforehand, from pieces as they come. */
export class AnswerReader {
  #received = ''

  /** Whether anything of the answer has come. */
  get begun(): boolean {
    return this.#received.length > 0
  }

  /**
   * @returns the answer when it is whole
   * @throws Failure `bad-answer` when it is none
   */
  push(piece: Buffer): HttpAnswer | undefined {
    // One character per byte, so that lengths are in bytes.
    this.#received += piece.toString('latin1')
    const end = this.#received.indexOf(HEADERS_END)
    if (end === -1) return undefined
    const head = this.#received.slice(0, end)
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1])
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1])
    if (Number.isNaN(status) || Number.isNaN(length)) throw new Failure('bad-answer', head.slice(0, 80))
    const body = this.#received.slice(end + HEADERS_END.length)
    if (body.length > length) throw new Failure('bad-answer', 'more than one answer')
    if (body.length < length) return undefined
    this.#received = ''
    return { status, body, closes: /\r\nconnection: *close/i.test(head) }
  }
}

/** @throws Failure when the answer is whole, but not the one that was hoped for */
export function requireGood({ status, body }: HttpAnswer): string {
  if (status !== 200) throw new Failure('bad-answer', `status ${status}`)
  return body
}
