import type { IncomingMessage } from 'node:http'
import { messageOf } from '@shoal/common'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Relay } from '../../relay/index.js'
import {
  hasTerminal,
  isRewritten,
  lastWords,
  listContainers,
  openRelay,
  readDocument,
  rewritten,
  type Target,
  targetOf,
} from '../containers/index.js'
import type { ApiOptions } from '../options.js'

/** The answers to these are for people to read: they can carry a last word. */
const READABLE: ReadonlySet<string> = new Set(['GET logs', 'POST attach'])

/** @param notServed what is thrown for methods and paths that are not served */
export function containerRoutes(
  app: FastifyInstance,
  options: ApiOptions,
  notServed: (request: FastifyRequest) => Error,
): void {
  const { state } = options
  // A scope of its own, in which bodies are not read before the handler: they may be whole file systems.
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _body, done) => done(null))
    scope.get('/containers/json', (request) => listContainers(options, request))
    for (const url of ['/containers/*', '/exec/*']) {
      scope.all(url, async (request, reply) => {
        const target = targetOf(state, request.method, pathOf(request.url))
        if (!target) throw notServed(request)
        return answer(request, reply, target, options)
      })
    }
  })
}

const pathOf = (url: string): string => url.split('?')[0] ?? '/'

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  target: Target,
  options: ApiOptions,
): Promise<unknown> {
  const { method, originalUrl: url, headers } = request
  const relay = openRelay(options, target, { method, url, contentType: headers['content-type'] })
  reply.raw.once('close', () => relay.stream.destroy())
  sendBody(request.raw, relay)
  const { status, headers: told } = await relay.answer
  if (isRewritten(target) && status < 300) {
    const document = rewritten(await readDocument(relay.stream), target, options.state)
    return reply.code(status).send(document)
  }
  reply.hijack()
  reply.raw.writeHead(status, { ...reply.getHeaders(), ...told } as Record<string, string>)
  reply.raw.flushHeaders()
  const terminal = hasTerminal(options.state, target, told['content-type'], Buffer.alloc(0))
  passOn(relay, reply, READABLE.has(target.operation) ? (reason) => lastWords(reason, terminal) : undefined)
  return reply
}

function sendBody(request: IncomingMessage, { stream }: Relay): void {
  if (request.method === 'GET' || request.method === 'HEAD') stream.end()
  else request.pipe(stream)
}

/** A client that cannot be told why its stream ends is cut off, so that it does not take a part for the whole. */
function passOn(
  { stream }: Relay,
  { raw: response }: FastifyReply,
  lastWordsFor: ((reason: string) => Buffer) | undefined,
): void {
  stream.once('error', (error) => {
    if (lastWordsFor) response.end(lastWordsFor(messageOf(error)))
    else response.destroy()
  })
  stream.pipe(response)
}
