import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { ShoalError } from '@shoal/common'
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify'
import { absentObject } from './absent.js'
import { checkAccess } from './access.js'
import { requestedVersion, withoutVersion } from './api-version.js'
import { answerOf, notImplemented } from './errors.js'
import { frameOf, refuseRaw } from './frame.js'
import { isKnownPath, notServedText } from './known-paths.js'
import { writeLongListsInTurns } from './large-answers.js'
import type { ApiOptions } from './options.js'
import { serveUpgrade, withoutUpgrade } from './containers/index.js'
import { containerRoutes } from './routes/containers.js'
import { distributionRoutes } from './routes/distribution.js'
import { eventRoutes } from './routes/events.js'
import { logRoutes } from './routes/logs.js'
import { networkRoutes } from './routes/networks.js'
import { nodeRoutes } from './routes/nodes.js'
import { configRoutes, secretRoutes } from './routes/secrets.js'
import { serviceRoutes } from './routes/services.js'
import { shoalRoutes } from './routes/shoal.js'
import { swarmRoutes } from './routes/swarm.js'
import { systemRoutes } from './routes/system.js'
import { taskRoutes } from './routes/tasks.js'

/** Far above any spec that a store could keep (etcd takes 1.5 MB). */
const LARGEST_BODY_BYTES = 4 * 1024 * 1024
/**
 * Everything else is the primary's to answer. `/info` and `/events` tell from the warm copy of who was asked; a
 * backup is read from the store, which every manager reaches, also while there is no primary.
 */
const ANSWERED_BY_EVERY_MANAGER: ReadonlySet<string> = new Set([
  '/_ping',
  '/version',
  '/info',
  '/events',
  '/shoal/store',
  '/shoal/backup',
])
/** The end of what a client types is not the end of what it reads. Without TLS, Node's servers do it by themselves. */
const HALF_OPEN = { allowHalfOpen: true }
/** As much as Docker takes: whoever asks for the tasks of a thousand services names them in the path. */
const LARGEST_HEAD_BYTES = 1024 * 1024
/** What is too long for a name is not found, as with Docker. */
const LONGEST_PARAMETER = LARGEST_HEAD_BYTES

/**
 * The Engine API as one server that does not listen yet: call `listen` on it, with `path` for a unix socket or with
 * `host` and `port`. Make one for each listener, over the same state and write queue; close it to stop.
 */
export function createApi(options: ApiOptions): FastifyInstance {
  const app = newServer(options)
  readBodiesRaw(app)
  answerInDockersFrame(app, options)
  writeLongListsInTurns(app, options.clock)
  takeUpgrades(app, options)
  systemRoutes(app, options)
  swarmRoutes(app, options)
  nodeRoutes(app, options)
  serviceRoutes(app, options)
  taskRoutes(app, options)
  shoalRoutes(app, options)
  networkRoutes(app, options)
  eventRoutes(app, options)
  secretRoutes(app, options)
  configRoutes(app, options)
  logRoutes(app, options)
  containerRoutes(app, options, ({ method, url }) => notServed(method, url))
  distributionRoutes(app, options, ({ method, url }) => notServed(method, url))
  return app
}

function newServer({ https, facts }: ApiOptions): FastifyInstance {
  return fastify({
    bodyLimit: LARGEST_BODY_BYTES,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    rewriteUrl: ({ url = '/' }) => withoutVersion(url),
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    // A path that cannot be read gets no further: no hook sees it.
    frameworkErrors: ({ message }, _request, reply: FastifyReply) => {
      // As bytes: to a text, the framework adds a charset, and the CLI would not read the message.
      const body = Buffer.from(`${JSON.stringify({ message })}\n`)
      void reply
        .code(400)
        .headers({ ...frameOf(facts), 'content-type': 'application/json' })
        .send(body)
    },
    serverFactory: (handler) =>
      https
        ? createHttpsServer({ ...https, ...HALF_OPEN, maxHeaderSize: LARGEST_HEAD_BYTES }, handler)
        : createServer({ maxHeaderSize: LARGEST_HEAD_BYTES }, handler),
  })
}

/** The routes judge content types and JSON themselves, in Docker's words. */
function readBodiesRaw(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

function answerInDockersFrame(app: FastifyInstance, options: ApiOptions): void {
  const { https, log, facts, passOn, state } = options
  const frame = frameOf(facts)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(frame)
    if (https) checkAccess(request.raw.socket, state)
    requestedVersion(request.originalUrl)
    // What is passed on is answered past the framework; the primary's answer brings its own headers, a refusal has these.
    if (passOn) for (const [name, value] of Object.entries(frame)) reply.raw.setHeader(name, value)
    if (
      passOn &&
      !ANSWERED_BY_EVERY_MANAGER.has(pathOf(request.url)) &&
      (await passOn.request(request.raw, reply.raw, request.originalUrl))
    ) {
      reply.hijack()
      return reply
    }
    // Before the body is read: a build context may be large.
    if (request.is404) throw notServed(request.method, request.url)
  })
  app.addHook('onSend', async (_request, reply, payload) => {
    // The CLI reads an error's message only if this is the whole header; the framework adds a charset.
    if (String(reply.getHeader('content-type')).startsWith('application/json')) {
      reply.header('content-type', 'application/json')
    }
    return payload
  })
  app.setSerializerCompiler(() => (value) => `${JSON.stringify(value)}\n`)
  app.setReplySerializer((value) => `${JSON.stringify(value)}\n`)
  const answerError = (error: unknown, reply: FastifyReply): FastifyReply => {
    const { status, message } = answerOf(error, log)
    return reply.code(status).header('content-type', 'application/json').send({ message })
  }
  app.setErrorHandler((error, _request, reply) => answerError(error, reply))
  app.setNotFoundHandler((request, reply) => answerError(notServed(request.method, request.url), reply))
}

/**
 * A secondary passes connections that are to be upgraded on for what they are. The primary upgrades those that Docker
 * upgrades; every other request is served as if nobody had wished for more.
 */
function takeUpgrades(app: FastifyInstance, options: ApiOptions): void {
  app.server.on('upgrade', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    takeUpgrade(app, options, request, client, head).catch((error: unknown) => {
      const { status, message } = answerOf(error, options.log)
      client.on('error', () => client.destroy())
      refuseRaw(client, status, message, options)
    })
  })
}

async function takeUpgrade(
  app: FastifyInstance,
  options: ApiOptions,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
): Promise<void> {
  const { https, state, passOn } = options
  if (passOn && !passOn.primary) {
    if (https) checkAccess(client, state)
    const refuse = (status: number, message: string): void => refuseRaw(client, status, message, options)
    if (await passOn.upgrade({ request, client, head, refuse })) return
  }
  if (serveUpgrade(request, client, head, options)) return
  client.unshift(withoutUpgrade(request, head))
  app.server.emit(https ? 'secureConnection' : 'connection', client)
}

const pathOf = (url: string): string => url.split('?')[0] ?? '/'

function notServed(method: string, url: string): ShoalError {
  const path = pathOf(url)
  const absent = absentObject(method, path)
  if (absent) return absent
  return isKnownPath(method, path)
    ? notImplemented(notServedText(method, path))
    : new ShoalError('not-found', 'page not found')
}
