import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { type Agent, request as httpsRequest } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { Identity } from '@shoal/common/tls/index'
import type { ManagerDirectory, ManagerInfo } from '../leader/index.js'
import { connectionTo, endWithItsPrimary, giveUpWith } from './connection.js'
import type { Outcome } from './decide.js'
import { answerHeaders, DECLINED, hasBody, requestHeaders } from './headers.js'

/** One request of a client. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** As the client asked for it. */
  readonly path: string
}

export interface AttemptOptions {
  readonly managerId: string
  readonly identity: Identity
  readonly directory: Pick<ManagerDirectory, 'leader' | 'onChange'>
  /** Keeps connections for the next request. */
  readonly agent: Agent
  /** Gives up a primary that cannot be reached; one that was reached has the time it wants. */
  readonly signal: AbortSignal
}

/**
 * Has the primary answer a request. Nothing of it is read before there is a connection, so that it can go elsewhere
 * when there is none. It never rejects.
 */
export function attempt(
  { request, response, path }: Exchange,
  leader: ManagerInfo,
  { managerId, identity, directory, agent, signal }: AttemptOptions,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const { method } = request
    const headers = requestHeaders(request, managerId)
    const call = httpsRequest({ ...connectionTo(leader, identity), agent, method, path, headers })
    let isSent = false
    whenConnected(call, signal, () => {
      isSent = true
      request.pipe(call)
    })
    const onClientGone = (): void => {
      if (!response.writableFinished) call.destroy()
    }
    response.once('close', onClientGone)
    call.once('close', () => response.off('close', onClientGone))
    call.once('response', (answer) => {
      if (answer.headers[DECLINED] !== undefined && !hasBody(request)) {
        answer.resume()
        return resolve({ type: 'declined' })
      }
      handOn(answer, response)
      resolve({ type: 'answered' })
    })
    call.on('error', (error) => {
      request.unpipe(call)
      if (response.headersSent) response.destroy()
      // Of no consequence when the promise is settled.
      resolve(response.destroyed ? { type: 'answered' } : { type: isSent ? 'lost' : 'unsent', error })
    })
    endWithItsPrimary(directory, leader.managerId, call)
  })
}

function handOn(answer: IncomingMessage, response: ServerResponse): void {
  answer.once('error', () => response.destroy())
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answerHeaders(answer))
  response.flushHeaders()
  answer.pipe(response)
}

/** `then` is called when the first byte can be sent: a connection that was kept from before is there at once. */
function whenConnected(call: ClientRequest, signal: AbortSignal, then: () => void): void {
  const stop = giveUpWith(call, signal)
  const begin = (): void => {
    stop()
    then()
  }
  call.once('socket', (socket: TLSSocket) => {
    if (call.reusedSocket) begin()
    else socket.once('secureConnect', begin)
  })
}
