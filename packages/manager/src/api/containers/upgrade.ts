import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { messageOf, ShoalError } from '@shoal/common'
import { checkAccess } from '../access.js'
import { withoutVersion } from '../api-version.js'
import { answerOf } from '../errors.js'
import { frameOf, rawHead, refuseRaw } from '../frame.js'
import type { ApiOptions } from '../options.js'
import { lastWords } from './frames.js'
import { openRelay } from './open-relay.js'
import { targetOf } from './target.js'
import { hasTerminal } from './terminal.js'

/** Of a request whose connection is to be upgraded: the options of an exec, no more. */
const LARGEST_BODY_BYTES = 64 * 1024

const UPGRADED = /^\/(?:containers\/.+\/attach|exec\/[^/]+\/start)$/

/**
 * Serves a request that turns its connection into a stream of bytes: attach, and the start of an exec. Its path, its
 * answer and its errors are those of an ordinary request.
 * @returns false for every other request, which is then to be served as an ordinary one
 */
export function serveUpgrade(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  options: ApiOptions,
): boolean {
  const { method = '', url = '/' } = request
  const path = withoutVersion(url).split('?')[0] ?? ''
  if (method !== 'POST' || !UPGRADED.test(path)) return false
  client.on('error', () => client.destroy())
  serve({ request, client, head, path, options }).catch((error: unknown) => {
    const { status, message } = answerOf(error, options.log)
    refuseRaw(client, status, message, options)
  })
  return true
}

interface Upgrade {
  readonly request: IncomingMessage
  readonly client: Duplex
  readonly head: Buffer
  readonly path: string
  readonly options: ApiOptions
}

async function serve({ request, client, head, path, options }: Upgrade): Promise<void> {
  if (options.https) checkAccess(client, options.state)
  const target = targetOf(options.state, 'POST', path)
  if (!target) throw new ShoalError('not-found', 'page not found')
  const body = await readBody(request, client, head)
  const { answer, stream } = openRelay(options, target, {
    method: 'POST',
    url: request.url ?? '/',
    contentType: request.headers['content-type'],
    upgrade: { body },
  })
  stream.on('error', () => undefined)
  client.once('close', () => stream.destroy())
  if (client.destroyed) stream.destroy()
  const { status, headers } = await answer
  const frame = frameOf(options.facts)
  if (status !== 101) {
    stream.end()
    client.write(rawHead(`${status} Engine's Answer`, { ...headers, ...frame, connection: 'close' }))
    stream.pipe(client)
    return
  }
  client.write(rawHead('101 UPGRADED', { ...headers, ...frame, connection: 'Upgrade', upgrade: 'tcp' }))
  const isTerminal = hasTerminal(options.state, target, headers['content-type'], body)
  stream.once('error', (error) => client.end(lastWords(messageOf(error), isTerminal)))
  client.pipe(stream)
  stream.pipe(client)
}

/** Node leaves the body of a request that is to be upgraded to whoever takes the connection. */
async function readBody({ headers }: IncomingMessage, client: Duplex, head: Buffer): Promise<Buffer> {
  const length = Number(headers['content-length'] ?? 0)
  if (headers['transfer-encoding'] !== undefined) {
    throw new ShoalError('invalid-argument', 'a request to be upgraded has to tell the length of its body')
  }
  if (!(length <= LARGEST_BODY_BYTES)) throw new ShoalError('invalid-argument', 'the body is too large')
  if (head.length > 0) client.unshift(head)
  while (length > 0) {
    const body = client.read(length) as Buffer | null
    if (body?.length === length) return body
    if (body !== null || client.readableEnded || client.destroyed) break
    await Promise.race([once(client, 'readable'), once(client, 'close')])
  }
  if (length > 0) throw new ShoalError('invalid-argument', 'the body ends too early')
  return Buffer.alloc(0)
}

/**
 * What a client sent, without the wish to upgrade: to be read anew as an ordinary request, as servers do that do not
 * know the protocol which is wished for.
 */
export function withoutUpgrade(
  { method = 'GET', url = '/', httpVersion, rawHeaders }: IncomingMessage,
  head: Buffer,
): Buffer {
  let lines = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (!['upgrade', 'connection'].includes(name.toLowerCase())) lines += `${name}: ${rawHeaders[i + 1]}\r\n`
  }
  return Buffer.concat([Buffer.from(`${lines}\r\n`, 'latin1'), head])
}
