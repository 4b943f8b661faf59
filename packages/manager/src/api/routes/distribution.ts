import { ShoalError } from '@shoal/common'
import { parseReference } from '@shoal/engine-api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { requestedVersion } from '../api-version.js'
import { readDocument } from '../containers/index.js'
import type { ApiOptions } from '../options.js'
import type { EngineRequest, Relay } from '../../relay/index.js'

/** Engines give up an unreachable registry by themselves; some take minutes. */
const ANSWER_WITHIN_MS = 30_000
const PATH = /^\/distribution\/(.+)\/json$/

/**
 * What a registry says of an image: its digest and platforms, by which clients pin what a service runs. The engine of
 * a node asks, with the client's credentials, as it would to pull: this manager's own if there is one.
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
    const relay = open(options, {
      method: 'GET',
      path: `/distribution/${name}/json`,
      apiVersion: requestedVersion(request.originalUrl),
      ...(typeof auth === 'string' && { registryAuth: auth }),
    })
    const giveUp = options.clock.setTimer(ANSWER_WITHIN_MS, () => {
      relay.stream.destroy(
        new ShoalError('unavailable', `the registry of ${name} did not answer within 30 seconds`),
      )
    })
    reply.raw.once('close', () => relay.stream.destroy())
    relay.stream.end()
    try {
      const { status } = await relay.answer
      return await reply.code(status).send(await readDocument(relay.stream))
    } finally {
      giveUp()
    }
  })
}

/** @throws ShoalError `unavailable` when no node is connected */
function open({ engines, state, facts }: ApiOptions, request: EngineRequest): Relay {
  const own = facts.nodeId
  const nodes = [...state.all('node')].filter(({ Status }) => Status.State === 'ready').map(({ ID }) => ID)
  const inOrder = nodes.sort((a, b) => Number(b === own) - Number(a === own))
  if (!engines)
    throw new ShoalError('unavailable', 'the engines of the nodes cannot be reached through this server')
  for (const nodeId of inOrder) {
    try {
      return engines.open(nodeId, request)
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code !== 'unavailable') throw error
    }
  }
  throw new ShoalError('unavailable', 'no node is connected whose Docker Engine could ask the registry')
}

/** @throws ShoalError `invalid-argument` */
function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    throw new ShoalError('invalid-argument', `malformed path: ${part}`, error)
  }
}
