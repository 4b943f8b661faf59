import { isRetryable, ShoalError } from '@shoal/common'
import { readNetworkCreate, validateNetworkCreate } from '@shoal/engine-api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { transact } from '../../state/state.js'
import { networkAnswer, predefinedAnswer, predefinedNetwork } from '../answers/networks.js'
import { planCreateNetwork } from '../networks/create.js'
import { listNetworks, NETWORK_FILTERS } from '../networks/list.js'
import { refuseNetworkNotYet } from '../networks/not-yet.js'
import { networksToPrune, PRUNE_FILTERS } from '../networks/prune.js'
import { planRemoveNetwork } from '../networks/remove.js'
import { peersOf, servicesOn } from '../networks/verbose.js'
import type { ApiOptions } from '../options.js'
import { readJson } from '../request/body.js'
import { readFilters } from '../request/filters.js'
import { findNetwork } from '../request/lookup.js'
import { looseBoolean, pathId, queryText } from '../request/query.js'

/** The networks of the cluster; and those that every engine has, which are told of and never changed. */
export function networkRoutes(app: FastifyInstance, context: ApiOptions): void {
  const { state } = context

  app.get('/networks', (request) => listNetworks(state, readFilters(request, NETWORK_FILTERS)))

  app.get('/networks/:id', (request) => {
    const reference = pathId(request)
    const scope = queryText(request, 'scope')
    const predefined = predefinedNetwork(reference)
    if (predefined !== undefined) return predefinedAnswer(predefined, scope === 'swarm' ? 'swarm' : 'local')
    if (scope !== '' && scope !== 'swarm') throw new ShoalError('not-found', `network ${reference} not found`)
    const network = findNetwork(state, reference)
    const peers = peersOf(state, network)
    return {
      ...networkAnswer(network),
      ...(peers.length > 0 && { Peers: peers }),
      ...(looseBoolean(request, 'verbose') && { Services: servicesOn(state, network) }),
    }
  })

  app.post('/networks/create', async (request, reply) => {
    const Id = await createNetwork(request, context)
    return reply.code(201).send({ Id, Warning: '' })
  })

  app.delete('/networks/:id', async (request, reply) => {
    await removeNetwork(pathId(request), context)
    return reply.code(204).send()
  })

  app.post('/networks/prune', async (request) => ({ NetworksDeleted: await pruneNetworks(request, context) }))
}

/** One at a time, with the services: no two networks get the same name or subnet, and none goes that is needed. */
async function createNetwork(request: FastifyRequest, context: ApiOptions): Promise<string> {
  const { state, book, random, clock, writes } = context
  const create = readNetworkCreate(readJson(request))
  refuseNetworkNotYet(create)
  validateNetworkCreate(create)
  const store = (): Promise<string> =>
    writes.run(() =>
      transact(state, () => planCreateNetwork(state, book, { create, random, nowMs: clock.now() })),
    )
  // A plain container may be started on it at once, on any host.
  return create.Attachable && context.onceArrived ? context.onceArrived(store) : store()
}

async function removeNetwork(reference: string, { state, writes }: ApiOptions): Promise<void> {
  if (predefinedNetwork(reference) !== undefined) {
    throw new ShoalError('permission-denied', `${reference} is a pre-defined network and cannot be removed`)
  }
  await writes.run(() =>
    transact(state, () => ({
      mutations: planRemoveNetwork(state, findNetwork(state, reference)),
      result: undefined,
    })),
  )
}

/** @returns the names of those that were removed; one that came into use meanwhile stays */
async function pruneNetworks(request: FastifyRequest, context: ApiOptions): Promise<string[]> {
  const { state, clock, log } = context
  const removed: string[] = []
  for (const { ID, Spec } of networksToPrune(state, readFilters(request, PRUNE_FILTERS), clock.now())) {
    try {
      await removeNetwork(ID, context)
      removed.push(Spec.Name)
    } catch (error) {
      if (!(error instanceof ShoalError) || isRetryable(error)) throw error
      log.info({ network: ID, reason: error.message }, 'a network was not pruned')
    }
  }
  return removed
}
