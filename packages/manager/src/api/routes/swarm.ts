import { ShoalError, toTimestamp } from '@shoal/common'
import { readSwarmSpec, validateSwarmSpec } from '@shoal/engine-api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { put, type ClusterRecord } from '../../state/records.js'
import { transact } from '../../state/state.js'
import { clusterAnswer } from '../answers/cluster.js'
import { clusterOf } from '../cluster-record.js'
import type { ApiOptions } from '../options.js'
import { notImplemented, outOfSequence } from '../errors.js'
import { readJson } from '../request/body.js'
import { strictBoolean, versionIndex } from '../request/query.js'
import { mergeSwarmSpec, refuseSwarmNotYet } from '../swarm-spec.js'

const ALREADY =
  'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.'

export function swarmRoutes(app: FastifyInstance, context: ApiOptions): void {
  const { state, ca } = context

  app.get('/swarm', () => {
    const cluster = clusterOf(state)
    return { ...clusterAnswer(cluster, ca), JoinTokens: ca.joinTokens(cluster) }
  })

  app.post('/swarm/update', async (request, reply) => {
    await updateSwarm(request, context)
    return reply.send()
  })

  app.get('/swarm/unlockkey', () => ({ UnlockKey: '' }))
  app.post('/swarm/unlock', () => {
    throw new ShoalError('already-exists', 'swarm is not locked')
  })
  for (const path of ['/swarm/init', '/swarm/join']) {
    app.post(path, () => {
      throw new ShoalError('unavailable', ALREADY)
    })
  }
  app.post('/swarm/leave', () => {
    throw notImplemented('POST /swarm/leave; run "ctl swarm leave" on the node that is to leave')
  })
}

async function updateSwarm(request: FastifyRequest, context: ApiOptions): Promise<void> {
  const { state, ca, clock, random } = context
  const version = versionIndex(request, 'swarm')
  const rotateWorker = strictBoolean(request, 'rotateWorkerToken')
  const rotateManager = strictBoolean(request, 'rotateManagerToken')
  if (strictBoolean(request, 'rotateManagerUnlockKey')) {
    throw notImplemented('rotateManagerUnlockKey: managers are not locked')
  }
  const given = readSwarmSpec(readJson(request))
  validateSwarmSpec(given)
  await transact(state, () => {
    const cluster = clusterOf(state)
    const spec = mergeSwarmSpec(cluster.Spec, given)
    refuseSwarmNotYet(cluster.Spec, spec)
    if (cluster.Version.Index !== version) throw outOfSequence()
    let updated: ClusterRecord = { ...cluster, Spec: spec, UpdatedAt: toTimestamp(clock.now()) }
    if (rotateWorker) updated = ca.rotateJoinToken(updated, 'worker', random)
    if (rotateManager) updated = ca.rotateJoinToken(updated, 'manager', random)
    return { mutations: [put('cluster', updated)], result: undefined }
  })
}
