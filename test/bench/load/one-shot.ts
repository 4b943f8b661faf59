import { connect } from 'node:net'
import { AnswerReader, requireGood } from './answer-reader.js'
import { Failure, failureOf } from './failure.js'
import { type Target } from './target.js'

/** After a whole answer, the server is to close; then so long at most. */
const LINGER_MS = 1_000

/** One request over a connection of its own. @returns the body @throws Failure */
export function requestOnce(target: Target, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port, noDelay: true })
    const reader = new AnswerReader()
    const fail = (failure: Failure): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(failure)
    }
    let timer = setTimeout(() => fail(new Failure('timeout', `no answer in ${timeoutMs} ms`)), timeoutMs)
    socket.on('error', (error) => fail(failureOf(error)))
    socket.on('end', () =>
      fail(new Failure(reader.begun ? 'cut' : 'unanswered', 'closed before the answer was whole')),
    )
    socket.on('data', (piece) => {
      try {
        const answer = reader.push(piece)
        if (!answer) return
        resolve(requireGood(answer))
        clearTimeout(timer)
        timer = setTimeout(() => socket.destroy(), LINGER_MS)
      } catch (error) {
        fail(error as Failure)
      }
    })
    socket.on('close', () => clearTimeout(timer))
    socket.write(`GET ${target.path} HTTP/1.1\r\nHost: ${target.address}\r\nConnection: close\r\n\r\n`)
  })
}
