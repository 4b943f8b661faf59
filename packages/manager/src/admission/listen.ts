import { createServer, type Socket } from 'node:net'
import type { Server, ServerCredentials } from '@grpc/grpc-js'
import type { Logger } from '@shoal/common'
import type { Gate } from './gate.js'

/** As many connections the kernel keeps that were not taken yet, if it is not set up for fewer. */
const BACKLOG = 4_096

/** Of one that waits, in bytes. */
const LONGEST_FIRST_WORD = 64 * 1024

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly credentials: ServerCredentials
  readonly log: Logger
}

/**
 * Has a gRPC server listen behind a gate.
 * @returns what hangs up on whoever waits, and listens no more; the server is closed by itself
 * @throws the error of the operating system when the address cannot be listened on
 */
export async function listenAtGate(
  server: Server,
  gate: Gate,
  { host, port, credentials, log }: ListenOptions,
): Promise<() => void> {
  const injector = server.createConnectionInjector(credentials)
  const door = createServer({ noDelay: true }, (socket) => {
    const key = keyOf(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => gate.done(key))
    const takeBack = readAhead(socket)
    gate.arrive({
      key,
      letIn: () => {
        takeBack()
        injector.injectConnection(socket)
      },
      sendAway: () => socket.destroy(),
    })
  })
  await new Promise<void>((resolve, reject) => {
    door.once('error', reject)
    door.listen({ host, port, backlog: BACKLOG }, () => {
      door.off('error', reject)
      // The kernel has no more file descriptors, say: who is connected stays so.
      door.on('error', (error) => log.error({ err: error }, 'a connection could not be taken'))
      resolve()
    })
  })
  return () => {
    door.close()
    gate.close()
  }
}

/**
 * Reads what a caller says while it waits, which is little: only so its end is noticed.
 * @returns what puts all of it back, for the next reader
 */
function readAhead(socket: Socket): () => void {
  const chunks: Buffer[] = []
  let bytes = 0
  const read = (): void => {
    for (let chunk = socket.read() as Buffer | null; chunk; chunk = socket.read() as Buffer | null) {
      chunks.push(chunk)
      bytes += chunk.length
    }
    // A handshake begins with less, and nobody says more before it is answered.
    if (bytes > LONGEST_FIRST_WORD) socket.destroy()
  }
  socket.on('readable', read)
  return () => {
    socket.off('readable', read)
    if (bytes > 0) socket.unshift(Buffer.concat(chunks))
  }
}

/** The same as gRPC's name of the peer of a call. */
function keyOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress}:${remotePort}`
}
