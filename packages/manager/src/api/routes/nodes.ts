import { ShoalError, toTimestamp } from '@shoal/common'
import { NODE_ROLES, readNodeSpec, storedNodeSpec, validateNodeSpec } from '@shoal/engine-api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { mapInTurns } from '../../loops/in-turns.js'
import { put, remove, type NodeRecord } from '../../state/records.js'
import { transact } from '../../state/state.js'
import { nodeAnswer } from '../answers/node.js'
import type { ApiOptions } from '../options.js'
import { outOfSequence } from '../errors.js'
import { checkRemovable, checkRoleChange, type Managers } from '../nodes/membership.js'
import { readJson } from '../request/body.js'
import { readFilters, type Filters } from '../request/filters.js'
import { findNode } from '../request/lookup.js'
import { looseBoolean, pathId, versionIndex } from '../request/query.js'

const FILTERS = ['id', 'name', 'label', 'node.label', 'membership', 'role']
const MEMBERSHIPS = ['accepted', 'pending']

export function nodeRoutes(app: FastifyInstance, context: ApiOptions): void {
  const { state, facts, writes, clock } = context

  app.get('/nodes', (request) => {
    const filters = readFilters(request, FILTERS)
    checkWords(filters)
    return mapInTurns(clock, [...state.all('node')], (node) =>
      matches(filters, node) ? nodeAnswer(node, facts) : undefined,
    )
  })

  app.get('/nodes/:id', (request) => nodeAnswer(findNode(state, pathId(request)), facts))

  app.post('/nodes/:id/update', async (request, reply) => {
    // One after another: of two managers that are demoted at the same time, one has to stay.
    await writes.run(() => updateNode(request, context))
    return reply.send()
  })

  app.delete('/nodes/:id', async (request, reply) => {
    const force = looseBoolean(request, 'force')
    const reference = pathId(request)
    await writes.run(() =>
      transact(state, () => {
        const node = findNode(state, reference)
        checkRemovable(state, node, force, managersOf(context))
        return { mutations: [remove('node', node)], result: undefined }
      }),
    )
    return reply.send()
  })
}

/** Docker answers 500 here: what is behind it takes these words for its own. */
function checkWords(filters: Filters): void {
  for (const role of filters.values('role')) {
    if (!NODE_ROLES.some((known) => known === role)) {
      throw new ShoalError('internal', `invalid role filter: '${role}'`)
    }
  }
  for (const membership of filters.values('membership')) {
    if (!MEMBERSHIPS.includes(membership)) {
      throw new ShoalError('internal', `invalid membership filter: '${membership}'`)
    }
  }
}

function matches(filters: Filters, { ID, Spec, Description }: NodeRecord): boolean {
  return (
    filters.prefix('id', ID) &&
    filters.prefix('name', Description.Hostname) &&
    filters.labels('label', Description.Engine.Labels) &&
    filters.labels('node.label', Spec.Labels) &&
    filters.some('membership', (membership) => membership === 'accepted') &&
    filters.some('role', (role) => role === (Spec.Role ?? 'worker'))
  )
}

async function updateNode(request: FastifyRequest, context: ApiOptions): Promise<void> {
  const { state, clock } = context
  const reference = pathId(request)
  const version = versionIndex(request, 'node')
  const given = readNodeSpec(readJson(request))
  validateNodeSpec(given)
  const spec = storedNodeSpec(given)
  await transact(state, () => {
    const node = findNode(state, reference)
    checkRoleChange(state, node, spec, managersOf(context))
    if (node.Version.Index !== version) throw outOfSequence()
    const updated: NodeRecord = { ...node, Spec: spec, UpdatedAt: toTimestamp(clock.now()) }
    return { mutations: [put('node', updated)], result: undefined }
  })
}

/** Who is registered is reached. */
function managersOf({ facts, refuseManagers }: ApiOptions): Managers {
  return {
    isReached: (node) => facts.managerStatus(node)?.Reachability === 'reachable',
    ...(refuseManagers !== undefined && { refusal: refuseManagers }),
  }
}
