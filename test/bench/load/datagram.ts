import { createSocket } from 'node:dgram'
import { Failure, failureOf } from './failure.js'
import type { Target } from './target.js'

/** One datagram from a port of its own, and the one that comes back. @returns its text @throws Failure */
export function exchangeOnce(target: Target, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      socket.close()
      settle()
    }
    const fail = (failure: Failure): void => finish(() => reject(failure))
    const timer = setTimeout(() => fail(new Failure('timeout', `no answer in ${timeoutMs} ms`)), timeoutMs)
    socket.once('error', (error) => fail(failureOf(error)))
    socket.once('message', (message) => finish(() => resolve(message.toString())))
    // Connected, it hears of a port that nobody has, and takes answers from nowhere else.
    socket.connect(target.port, target.host, () => socket.send('who?'))
  })
}
