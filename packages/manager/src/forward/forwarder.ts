import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { Clock, Logger } from '@shoal/common'
import { clusterIdOfRoot, type Identity, MANAGER_NAME, requireManager } from '@shoal/common/tls/index'
import { swarmError } from '../api/errors.js'
import type { PassOn } from '../api/options.js'
import type { ManagerDirectory } from '../leader/index.js'
import type { Role } from '../role.js'

export interface ForwarderOptions {
  readonly managerId: string
  readonly role: Role
  readonly directory: Pick<ManagerDirectory, 'leader' | 'untilLeader' | 'onChange'>
  /** What this manager shows to the primary. */
  readonly identity: () => Identity
  readonly clock: Clock
  readonly log: Logger
}

/** Says that another manager has let this request in: it is not passed on once more. */
const MARK = 'shoal-passed-on'
/** How long a request waits for an election, in milliseconds. */
const PATIENCE_MS = 2_000
/** They speak of one connection, not of the request. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade'])

const NO_PRIMARY = swarmError(
  'unavailable',
  'there is no primary manager at present: one takes over as soon as it can, try again',
).message

interface Target {
  readonly managerId: string
  readonly connection: ConnectionOptions
}

/** Passes requests on to the primary. Whoever calls it has checked that the client may use the API. */
export class Forwarder implements PassOn {
  readonly #options: ForwarderOptions
  readonly #agent = new Agent({ keepAlive: true })

  constructor(options: ForwarderOptions) {
    this.#options = options
  }

  get primary(): boolean {
    return this.#options.role.primary
  }

  onRoleChange(listener: () => void): () => void {
    return this.#options.role.onChange(listener)
  }

  async isOurs({ headers }: IncomingMessage): Promise<boolean> {
    const { role, directory, managerId, clock } = this.#options
    if (role.primary) return true
    const isMarked = headers[MARK] !== undefined
    const leader = isMarked ? undefined : await directory.untilLeader(PATIENCE_MS)
    const chosen = isMarked || leader?.managerId === managerId
    return chosen && role.untilPrimary(clock, PATIENCE_MS)
  }

  request(request: IncomingMessage, response: ServerResponse, path: string): void {
    const target = this.#target(request)
    if (response.destroyed) return
    if (!target) return refuse(response)
    const { method } = request
    const headers = { ...withoutHops(request.headers), [MARK]: this.#options.managerId }
    const call = httpsRequest({ ...target.connection, agent: this.#agent, method, path, headers })
    call.once('response', (answer) => {
      answer.once('error', () => response.destroy())
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answerHeaders(answer))
      response.flushHeaders()
      answer.pipe(response)
    })
    call.on('error', (error) => {
      request.unpipe(call)
      if (response.destroyed) return
      this.#options.log.warn({ err: error, primary: target.managerId }, 'a request could not be passed on')
      if (response.headersSent) response.destroy()
      else refuse(response)
    })
    response.once('close', () => {
      if (!response.writableFinished) call.destroy()
    })
    this.#endWithItsPrimary(target.managerId, call)
    request.pipe(call)
  }

  /** From here on the bytes are the primary's and the client's alone: nothing of them is read here. */
  async upgrade(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy())
    await this.#options.directory.untilLeader(PATIENCE_MS)
    const target = this.#target(request)
    if (client.destroyed) return
    if (!target) return refuseRaw(client)
    let connected = false
    // Node knows the option here, too, whatever its types say.
    const options = { ...target.connection, allowHalfOpen: true }
    const primary = connect(options, () => {
      connected = true
      primary.write(headOf(request, this.#options.managerId))
      primary.write(head)
      client.pipe(primary)
      primary.pipe(client)
    })
    primary.on('error', (error) => {
      this.#options.log.warn({ err: error, primary: target.managerId }, 'an upgrade could not be passed on')
      if (connected) client.destroy()
      else refuseRaw(client)
    })
    this.#endWithItsPrimary(target.managerId, primary)
    client.once('close', () => primary.destroy())
    primary.once('close', () => connected && client.destroy())
  }

  close(): void {
    this.#agent.destroy()
  }

  #target(request: IncomingMessage): Target | undefined {
    if (request.headers[MARK] !== undefined) return undefined
    const { directory, identity, managerId } = this.#options
    const leader = directory.leader()
    if (!leader || leader.managerId === managerId) return undefined
    const { keyPem: key, certificatePem: cert, rootsPem: ca } = identity()
    const colon = leader.apiAddress.lastIndexOf(':')
    const connection: ConnectionOptions = {
      host: leader.apiAddress.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
      port: Number(leader.apiAddress.slice(colon + 1)),
      key,
      cert,
      ca,
      servername: MANAGER_NAME,
      checkServerIdentity: requireManager(clusterIdOfRoot(ca), leader.managerId),
    }
    return { managerId: leader.managerId, connection }
  }

  /** A primary that stands still would keep its clients waiting although another one leads. */
  #endWithItsPrimary(managerId: string, call: ClientRequest | TLSSocket): void {
    const { directory } = this.#options
    const stop = directory.onChange(() => {
      const leader = directory.leader()
      if (leader && leader.managerId !== managerId) call.destroy(new Error('another manager leads now'))
    })
    call.once('close', stop)
  }
}

/** `transfer-encoding` stays in a request: it tells Node that a body follows, whatever the method. */
function withoutHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && name !== 'expect')
  return Object.fromEntries(kept)
}

function answerHeaders({ headers }: IncomingMessage): IncomingHttpHeaders {
  const { 'transfer-encoding': _ours, ...kept } = withoutHops(headers)
  return kept
}

/** The request's first lines as the client sent them, and the mark. */
function headOf({ method = 'GET', url = '/', rawHeaders }: IncomingMessage, managerId: string): string {
  let head = `${method} ${url} HTTP/1.1\r\n${MARK}: ${managerId}\r\n`
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  return `${head}\r\n`
}

const refusal = (): string => `${JSON.stringify({ message: NO_PRIMARY })}\n`

function refuse(response: ServerResponse): void {
  const body = refusal()
  response.writeHead(503, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function refuseRaw(client: Duplex): void {
  const body = refusal()
  const head = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
  client.end(`HTTP/1.1 503 Service Unavailable\r\n${head}\r\n\r\n${body}`)
}
