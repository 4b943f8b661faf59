import { ShoalError } from '@shoal/common'
import { parseReference } from '@shoal/engine-api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { requestedVersion } from '../api-version.js'
import { readDocument } from '../containers/index.js'
import { readJson } from '../request/body.js'
import type { ApiOptions } from '../options.js'
import type { EngineRequest } from '../../relay/index.js'

/** Engines give up an unreachable registry by themselves; some take minutes. */
const ANSWER_WITHIN_MS = 10_000
const MOST_NODES = 3
const ENGINE_AWAY = 503
const PATH = /^\/distribution\/(.+)\/json$/

/**
 * What a registry says of an image, and of a password. Of an image: its digest and platforms, by which clients pin what a service runs. The engine of
 * a node asks, with the client's credentials, as it would to pull: this manager's own if there is one, another's
 * where that cannot be reached.
 * @param notServed what is thrown for other paths
 */
export function distributionRoutes(
  app: FastifyInstance,
  options: ApiOptions,
  notServed: (request: FastifyRequest) => Error,
): void {
  app.get('/distribution/*', async (request, reply) => {
    const [, encoded] = PATH.exec(request.url.split('?')[0] ?? '') ?? []
    if (encoded === undefined) throw notServed(request)
    const name = decode(encoded)
    parseReference(name)
    const auth = request.headers['x-registry-auth']
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const { status, document } = await askOneOf(nodesInOrder(options), options, gone.signal, {
      method: 'GET',
      path: `/distribution/${name}/json`,
      apiVersion: requestedVersion(request.originalUrl),
      ...(typeof auth === 'string' && { registryAuth: auth }),
    })
    return reply.code(status).send(document)
  })
  // `docker login` has the registry look at a password before it is kept.
  app.post('/auth', async (request, reply) => {
    const body = Buffer.from(JSON.stringify(readJson(request)))
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const asked = { method: 'POST', path: '/auth', apiVersion: requestedVersion(request.originalUrl) }
    const question = { ...asked, contentType: 'application/json' }
    const { status, document } = await askOneOf(nodesInOrder(options), options, gone.signal, question, body)
    return reply.code(status).send(document)
  })
}

function nodesInOrder({ state, facts }: ApiOptions): string[] {
  const ready = [...state.all('node')].filter(({ Status }) => Status.State === 'ready').map(({ ID }) => ID)
  return ready.sort((a, b) => Number(b === facts.nodeId) - Number(a === facts.nodeId)).slice(0, MOST_NODES)
}

interface Answer {
  readonly status: number
  readonly document: unknown
}

/** @throws ShoalError `unavailable` when no engine could be asked */
async function askOneOf(
  nodes: readonly string[],
  options: ApiOptions,
  gone: AbortSignal,
  request: EngineRequest,
  body?: Buffer,
): Promise<Answer> {
  let failure = new ShoalError(
    'unavailable',
    'no node is connected whose Docker Engine could ask the registry',
  )
  for (const nodeId of nodes) {
    try {
      const answer = await ask(nodeId, options, gone, request, body)
      // This is what an agent says whose engine is away.
      if (answer.status !== ENGINE_AWAY) return answer
      failure = new ShoalError('unavailable', messageIn(answer.document) ?? failure.message)
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code !== 'unavailable') throw error
      failure = error
    }
  }
  throw failure
}

async function ask(
  nodeId: string,
  { engines, clock }: ApiOptions,
  gone: AbortSignal,
  request: EngineRequest,
  body?: Buffer,
): Promise<Answer> {
  if (!engines)
    throw new ShoalError('unavailable', 'the engines of the nodes cannot be reached through this server')
  const { stream, answer } = engines.open(nodeId, request)
  const hangUp = (): void => void stream.destroy()
  const giveUp = clock.setTimer(ANSWER_WITHIN_MS, () => {
    stream.destroy(new ShoalError('unavailable', 'the registry did not answer within 10 seconds'))
  })
  gone.addEventListener('abort', hangUp, { once: true })
  if (gone.aborted) hangUp()
  try {
    stream.end(body)
    const { status } = await answer
    return { status, document: await readDocument(stream) }
  } finally {
    giveUp()
    gone.removeEventListener('abort', hangUp)
  }
}

function messageIn(document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null || !('message' in document)) return undefined
  return String(document.message)
}

/** @throws ShoalError `invalid-argument` */
function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    throw new ShoalError('invalid-argument', `malformed path: ${part}`, error)
  }
}
