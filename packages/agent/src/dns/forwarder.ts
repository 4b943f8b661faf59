import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { type Clock, type Random, sleep } from '@shoal/common'
import { StreamReader, toStream } from './framing.js'
import { answers, isFailure, type Query, withId } from './message.js'

export type Transport = 'udp' | 'tcp'

export interface ForwarderOptions {
  /** Of every name server. */
  readonly port: number
  /** How long one server is waited for, in milliseconds. Docker's resolver waits 4 s for all of them. */
  readonly timeoutMs: number
  /** Servers that are asked at most. */
  readonly servers: number
  /** Questions on their way at the same time; more are not passed on. */
  readonly concurrency: number
  readonly clock: Clock
  readonly random: Random
}

/** Asks other name servers, one after the other, until one knows. */
export class Forwarder {
  readonly #options: ForwarderOptions
  #underWay = 0

  constructor(options: ForwarderOptions) {
    this.#options = options
  }

  /**
   * @param transport how the asker asked: the answer must fit the same way
   * @returns the answer under the query's own ID; undefined when nobody answers
   */
  async ask(
    query: Query,
    servers: readonly string[],
    transport: Transport,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    if (this.#underWay >= this.#options.concurrency) return undefined
    this.#underWay++
    try {
      return await this.#askInTurn(query, servers.slice(0, this.#options.servers), transport, signal)
    } finally {
      this.#underWay--
    }
  }

  async #askInTurn(
    query: Query,
    servers: readonly string[],
    transport: Transport,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    let failure: Buffer | undefined
    for (const server of servers) {
      if (signal.aborted) break
      const reply = await this.#askOne(query, server, transport, signal)
      if (reply && !isFailure(reply)) return withId(reply, query.id)
      failure ??= reply
    }
    return failure && withId(failure, query.id)
  }

  async #askOne(
    query: Query,
    server: string,
    transport: Transport,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const { clock, random, timeoutMs, port } = this.#options
    const id = Math.floor(random.next() * 65_536)
    // Ended by the answer, by the time-out, and with the agent.
    const over = new AbortController()
    const end = (): void => over.abort()
    signal.addEventListener('abort', end, { once: true })
    const exchange = transport === 'udp' ? exchangeByUdp : exchangeByTcp
    const reply = exchange({
      packet: withId(query.packet, id),
      isReply: (packet) => answers(packet, query, id),
      server,
      port,
      signal: over.signal,
    })
    try {
      return await Promise.race([reply, sleep(clock, timeoutMs, over.signal).then(() => undefined)])
    } finally {
      signal.removeEventListener('abort', end)
      over.abort()
    }
  }
}

interface Exchange {
  readonly packet: Buffer
  readonly isReply: (packet: Buffer) => boolean
  readonly server: string
  readonly port: number
  readonly signal: AbortSignal
}

/** Each question has a socket, and so a port, of its own: a stranger would have to guess that, too. */
function exchangeByUdp({ packet, isReply, server, port, signal }: Exchange): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: isIPv6(server) ? 'udp6' : 'udp4' })
    let open = true
    const finish = (reply?: Buffer): void => {
      resolve(reply)
      if (open) socket.close()
      open = false
    }
    signal.addEventListener('abort', () => finish(), { once: true })
    socket.on('error', () => finish())
    socket.on('message', (message) => {
      if (isReply(message)) finish(message)
    })
    socket.on('connect', () => socket.send(packet, (error) => error && finish()))
    // Connected, it hears at once when nobody listens there.
    socket.connect(port, server)
  })
}

function exchangeByTcp({ packet, isReply, server, port, signal }: Exchange): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: server, port })
    const finish = (reply?: Buffer): void => {
      resolve(reply)
      socket.destroy()
    }
    const reader = new StreamReader((message) => {
      if (isReply(message)) finish(message)
    })
    signal.addEventListener('abort', () => finish(), { once: true })
    socket.on('error', () => finish())
    socket.on('close', () => finish())
    socket.on('data', (chunk) => reader.push(chunk))
    socket.on('connect', () => socket.write(toStream(packet)))
  })
}
