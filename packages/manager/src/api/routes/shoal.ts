import { Readable } from 'node:stream'
import { ShoalError } from '@shoal/common'
import type { FastifyInstance } from 'fastify'
import { notImplemented } from '../errors.js'
import type { ApiOptions, ClusterTransfer, EtcdAccess } from '../options.js'
import { readJson } from '../request/body.js'
import { findService } from '../request/lookup.js'
import { pathId } from '../request/query.js'
import { type AskNodes, explainService, explainTask } from '../services/explanation.js'
import { planRebalance, rebalanceAnswer } from '../services/rebalance.js'
import { transact } from '../../state/state.js'

/** What Docker's API has no path for: where the cluster is kept, its backup, its move to etcd; rebalancing; why tasks wait. */
export function shoalRoutes(
  app: FastifyInstance,
  { transfer, state, clock, askNodes = nobody }: ApiOptions,
): void {
  app.get('/shoal/store', () => given(transfer).storeInfo())

  app.get('/shoal/backup', async (_request, reply) => {
    const lines = await given(transfer).backup()
    return reply.header('content-type', 'application/x-ndjson').send(Readable.from(lines))
  })

  app.post('/shoal/move', async (request, reply) => {
    const begin = await given(transfer).prepareMove(readAccess(readJson(request)))
    // The connection ends with the manager: whoever asked gets the answer first.
    reply.raw.once('close', begin)
    return reply.code(202).header('connection', 'close').send()
  })

  app.get('/shoal/services/:id/rebalance', (request) => rebalanceAnswer(findService(state, pathId(request))))

  app.post('/shoal/services/:id/rebalance', (request) => {
    const reference = pathId(request)
    return transact(state, () => planRebalance(state, reference, clock.now()))
  })

  const parts = { state, clock, askNodes }
  app.get('/shoal/services/:id/explanation', (request) => explainService(parts, pathId(request)))
  app.get('/shoal/tasks/:id/explanation', (request) => explainTask(parts, pathId(request)))
}

const nobody: AskNodes = () => {
  throw notImplemented('explaining where tasks go through this server')
}

function given(transfer: ClusterTransfer | undefined): ClusterTransfer {
  if (transfer) return transfer
  throw notImplemented('moving or backing up the cluster through this server')
}

const PEMS = ['ca', 'certificate', 'key'] as const

function readAccess(body: unknown): EtcdAccess {
  const { endpoints, ...pems } = (body ?? {}) as Readonly<Record<string, unknown>>
  const isUrl = (item: unknown): item is string =>
    typeof item === 'string' && /^https?:\/\/\S+:\d+$/.test(item)
  if (!Array.isArray(endpoints) || endpoints.length === 0 || !endpoints.every(isUrl)) {
    throw new ShoalError('invalid-argument', 'endpoints must be a list of https://HOST:PORT')
  }
  const texts: { -readonly [Name in (typeof PEMS)[number]]?: string } = {}
  for (const [name, text] of Object.entries(pems)) {
    const known = PEMS.find((candidate) => candidate === name)
    if (!known || typeof text !== 'string')
      throw new ShoalError('invalid-argument', `unknown or malformed field: ${name}`)
    texts[known] = text
  }
  return { endpoints, ...texts }
}
