import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { Transport } from './forwarder.js'
import { StreamReader, toStream } from './framing.js'

/** A packet's answer; undefined when it gets none. It never rejects. */
export type Responder = (packet: Buffer, from: string, transport: Transport) => Promise<Buffer | undefined>

export interface ListenerOptions {
  readonly address: string
  readonly port: number
  readonly respond: Responder
  /** Called once when a socket has failed: the listener is closed then. */
  readonly onFailure: (error: Error) => void
}

const MOST_CONNECTIONS = 256
const IDLE_MS = 10_000
/** Answers that a connection may wait for at the same time. */
const MOST_PENDING = 32

/** Answers on one address, by UDP and by TCP. */
export class Listener {
  readonly address: string
  readonly #udp: UdpSocket
  readonly #tcp: Server
  readonly #connections = new Set<Socket>()
  #open = true

  /** @throws the system's error when the address cannot be bound: `EADDRNOTAVAIL` while no device has it */
  static async open(options: ListenerOptions): Promise<Listener> {
    const { address, port } = options
    const udp = createSocket({ type: 'udp4' })
    const tcp = createServer()
    try {
      udp.bind({ address, port, exclusive: true })
      await once(udp, 'listening')
      tcp.listen({ host: address, port, exclusive: true })
      await once(tcp, 'listening')
    } catch (error) {
      udp.close()
      tcp.close()
      throw error
    }
    return new Listener(options, udp, tcp)
  }

  private constructor({ address, respond, onFailure }: ListenerOptions, udp: UdpSocket, tcp: Server) {
    this.address = address
    this.#udp = udp
    this.#tcp = tcp
    const fail = (error: Error): void => {
      if (!this.#open) return
      this.close()
      onFailure(error)
    }
    udp.on('error', fail)
    tcp.on('error', fail)
    udp.on('message', (packet, { address: from, port }) => {
      void respond(packet, from, 'udp').then((reply) => {
        // An asker that has gone is no fault of the socket's.
        if (reply && this.#open) udp.send(reply, port, from, () => {})
      })
    })
    tcp.maxConnections = MOST_CONNECTIONS
    tcp.on('connection', (socket) => this.#serve(socket, respond))
  }

  #serve(socket: Socket, respond: Responder): void {
    const from = socket.remoteAddress ?? ''
    let pending = 0
    const reader = new StreamReader((packet) => {
      if (++pending > MOST_PENDING) return void socket.destroy()
      void respond(packet, from, 'tcp').then((reply) => {
        pending--
        if (!reply) socket.destroy()
        else if (socket.writable) socket.write(toStream(reply))
      })
    })
    this.#connections.add(socket)
    socket.on('close', () => this.#connections.delete(socket))
    socket.on('error', () => {})
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    socket.on('data', (chunk) => reader.push(chunk))
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#udp.close()
    this.#tcp.close()
    for (const socket of this.#connections) socket.destroy()
  }
}
