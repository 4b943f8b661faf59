import type { ClientRequest } from 'node:http'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { ShoalError } from '@shoal/common'
import { clusterIdOfRoot, type Identity, MANAGER_NAME, requireManager } from '@shoal/common/tls/index'
import type { ManagerDirectory, ManagerInfo } from '../leader/index.js'

/** How the primary's API is reached: none but that very manager is taken for it. */
export function connectionTo(leader: ManagerInfo, identity: Identity): ConnectionOptions {
  const { keyPem: key, certificatePem: cert, rootsPem: ca } = identity
  const colon = leader.apiAddress.lastIndexOf(':')
  return {
    host: leader.apiAddress.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
    port: Number(leader.apiAddress.slice(colon + 1)),
    key,
    cert,
    ca,
    servername: MANAGER_NAME,
    checkServerIdentity: requireManager(clusterIdOfRoot(ca), leader.managerId),
  }
}

/**
 * Ends a call, or its connection, when another manager leads: a primary that stands still would keep its clients
 * waiting for ever.
 */
export function endWithItsPrimary(
  directory: Pick<ManagerDirectory, 'leader' | 'onChange'>,
  managerId: string,
  call: ClientRequest | TLSSocket,
): void {
  const stop = directory.onChange(() => {
    const leader = directory.leader()
    if (leader && leader.managerId !== managerId) call.destroy(gone('another manager leads now'))
  })
  call.once('close', stop)
}

/**
 * Connects by TLS. Once it is there, the connection is the caller's to end.
 * @param signal gives the attempt up
 * @throws ShoalError `unavailable` when given up; else what TCP or TLS say
 */
export function untilConnected(options: ConnectionOptions, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options)
    const stop = giveUpWith(socket, signal)
    socket.once('error', reject)
    // Destroyed without an error, as by `destroy()`, a socket would keep the caller waiting.
    socket.once('close', () => reject(gone('the connection was closed')))
    socket.once('secureConnect', () => {
      stop()
      resolve(socket)
    })
  })
}

/** Destroys what is not connected yet when the signal aborts. @returns call it once it is connected */
export function giveUpWith(call: ClientRequest | TLSSocket, signal: AbortSignal): () => void {
  const giveUp = (): void => void call.destroy(gone('no primary within the time that a request waits'))
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  const stop = (): void => signal.removeEventListener('abort', giveUp)
  call.once('close', stop)
  return stop
}

const gone = (why: string): ShoalError => new ShoalError('unavailable', why)
