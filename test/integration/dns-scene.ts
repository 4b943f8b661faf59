import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { createDns, DEFAULT_DNS, type DnsOptions } from '@shoal/agent/dns/index'
import { localTask, network } from '@shoal/agent/dns/testing/documents'
import type { DocumentHandler } from '@shoal/agent/session/index'
import { silentLogger, systemClock, systemRandom } from '@shoal/common'
import type { EndpointSet } from '@shoal/engine-api'

/** All of the loopback is ours: the gateway of a network is an address of it, and so are its containers. */
export const GATEWAY = '127.0.1.2'
export const ASKER = '127.0.1.10'
const front = network('front', '127.0.1.0/24', { NodeGateway: GATEWAY })
const asker = localTask('asker', { 'front-id': ASKER })

/** A port that nobody has on any address of the loopback right now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '0.0.0.0')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A name server on real sockets, with one network and one container on it. */
export class DnsScene {
  readonly dns: DocumentHandler
  readonly port: number
  readonly #ended = new AbortController()

  static async open(options: Partial<DnsOptions> = {}): Promise<DnsScene> {
    return new DnsScene(options.port ?? (await freePort()), options)
  }

  private constructor(port: number, options: Partial<DnsOptions>) {
    this.port = port
    this.dns = createDns({
      ...DEFAULT_DNS,
      retryMs: 20,
      tasks: () => [asker],
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      signal: this.#ended.signal,
      hostServers: () => Promise.resolve([]),
      ...options,
      port,
    })
    void this.dns.replaceAll([{ kind: 'network', id: front.ID, body: front }])
  }

  tell(body: EndpointSet): void {
    void this.dns.change([{ kind: 'endpoints', id: body.ServiceID, body }], [])
  }

  forget(kind: 'network' | 'endpoints', id: string): void {
    void this.dns.change([], [{ kind, id }])
  }

  /** A client that asks the gateway, from the container's address. */
  resolver(from = ASKER): Resolver {
    const resolver = new Resolver({ timeout: 3_000, tries: 2 })
    resolver.setServers([`${GATEWAY}:${this.port}`])
    resolver.setLocalAddress(from)
    return resolver
  }

  end(): void {
    this.#ended.abort()
  }
}

export type Reply = (query: Buffer, transport: 'udp' | 'tcp') => Buffer | undefined

/** A name server elsewhere, which answers what the test says. */
export class Upstream {
  readonly #udp: UdpSocket
  readonly #tcp: Server

  static async open(address: string, port: number, reply: Reply): Promise<Upstream> {
    const udp = createSocket('udp4')
    udp.bind(port, address)
    const tcp = createServer().listen(port, address)
    await Promise.all([once(udp, 'listening'), once(tcp, 'listening')])
    return new Upstream(udp, tcp, reply)
  }

  private constructor(udp: UdpSocket, tcp: Server, reply: Reply) {
    this.#udp = udp
    this.#tcp = tcp
    udp.on('message', (query, from) => {
      const answer = reply(query, 'udp')
      if (answer) udp.send(answer, from.port, from.address)
    })
    tcp.on('connection', (socket) => {
      socket.on('error', () => {})
      socket.once('data', (data) => {
        const answer = reply(data.subarray(2), 'tcp')
        if (!answer) return void socket.destroy()
        const length = Buffer.alloc(2)
        length.writeUInt16BE(answer.length)
        // In pieces, as a stream may bring it.
        socket.write(Buffer.concat([length, answer.subarray(0, 5)]))
        setTimeout(() => socket.end(answer.subarray(5)), 10)
      })
    })
  }

  close(): void {
    this.#udp.close()
    this.#tcp.close()
  }
}
