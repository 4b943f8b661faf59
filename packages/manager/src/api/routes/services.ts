import { ShoalError } from '@shoal/common'
import {
  readServiceSpec,
  storedServiceSpec,
  validateServiceSpec,
  type ServiceMode,
  type ServiceSpec,
} from '@shoal/engine-api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { reserving } from '../../allocator/index.js'
import { mapInTurns } from '../../loops/in-turns.js'
import { remove } from '../../state/records.js'
import { transact } from '../../state/state.js'
import { serviceAnswer } from '../answers/service.js'
import { requestedVersion } from '../api-version.js'
import type { ApiOptions } from '../options.js'
import { readJson } from '../request/body.js'
import { readFilters } from '../request/filters.js'
import { findService } from '../request/lookup.js'
import { pathId, queryText, strictBoolean, versionIndex } from '../request/query.js'
import { planCreate } from '../services/create.js'
import { refuseNotYet } from '../services/not-yet.js'
import { forVersion } from '../services/older-clients.js'
import { randomName } from '../services/random-name.js'
import { planUpdate } from '../services/update.js'

const FILTERS = ['id', 'name', 'label', 'mode', 'runtime']

export function serviceRoutes(app: FastifyInstance, context: ApiOptions): void {
  const { state } = context

  app.get('/services', (request) => {
    const filters = readFilters(request, FILTERS)
    const status = strictBoolean(request, 'status')
    const services = [...state.all('service')].filter(
      ({ ID, Spec }) =>
        filters.prefix('id', ID) &&
        filters.prefix('name', Spec.Name ?? '') &&
        filters.labels('label', Spec.Labels) &&
        filters.some('mode', (mode) => mode === modeName(Spec.Mode)) &&
        filters.some('runtime', (runtime) => runtime === 'container'),
    )
    return mapInTurns(context.clock, services, (service) => serviceAnswer(state, service, { status }))
  })

  app.get('/services/:id', (request) => {
    const defaults = strictBoolean(request, 'insertDefaults')
    return serviceAnswer(state, findService(state, pathId(request)), { defaults })
  })

  app.delete('/services/:id', async (request, reply) => {
    const reference = pathId(request)
    const id = await transact(state, () => {
      const service = findService(state, reference)
      return { mutations: [remove('service', service)], result: service.ID }
    })
    await context.onceDeparted?.(id)
    return reply.send()
  })

  app.post('/services/create', async (request, reply) => {
    const id = await createService(request, context)
    return reply.code(201).send({ ID: id, Warnings: null })
  })

  app.post('/services/:id/update', async (request, reply) => {
    await updateService(request, context)
    return reply.send({ Warnings: null })
  })
}

async function createService(request: FastifyRequest, context: ApiOptions): Promise<string> {
  const { state, random, clock, book } = context
  const given = readServiceSpec(readJson(request))
  const name = given.Name || randomName(random, (taken) => state.serviceNamed(taken) !== undefined)
  const spec = acceptedSpec(request, { ...given, Name: name })
  const registryAuth = registryAuthOf(request)
  // One at a time: no two services may get the same name.
  return context.writes.run(() =>
    reserving(book, (reserved) =>
      transact(state, () =>
        planCreate(state, { spec, registryAuth, random, nowMs: clock.now(), book, reserved }),
      ),
    ),
  )
}

async function updateService(request: FastifyRequest, context: ApiOptions): Promise<void> {
  const { state, clock, writes, book, onceDeparted } = context
  const version = versionIndex(request, 'service')
  const rollback = queryText(request, 'rollback')
  if (rollback !== '' && rollback !== 'previous') {
    throw new ShoalError('internal', `unrecognized rollback option ${rollback}`)
  }
  const registryAuthFrom = queryText(request, 'registryAuthFrom') || 'spec'
  if (registryAuthFrom !== 'spec' && registryAuthFrom !== 'previous-spec') {
    throw new ShoalError('invalid-argument', 'unsupported registryAuthFrom value')
  }
  const order = {
    reference: pathId(request),
    version,
    spec: acceptedSpec(request, readServiceSpec(readJson(request))),
    rollback: rollback === 'previous',
    registryAuth: registryAuthOf(request),
    registryAuthFrom,
  } as const
  // In line with other writes: what the spec refers to must not go meanwhile.
  const { id, losesPort } = await writes.run(() =>
    reserving(book, (reserved) =>
      transact(state, () => planUpdate(state, { ...order, nowMs: clock.now(), book, reserved })),
    ),
  )
  // Whoever is told that the port is free may give it to another service.
  if (losesPort) await onceDeparted?.(id)
}

/** The spec as the store shall keep it. @throws InvalidDocument; ShoalError `unimplemented` */
function acceptedSpec(request: FastifyRequest, given: ServiceSpec): ServiceSpec {
  const spec = forVersion(requestedVersion(request.originalUrl), given)
  validateServiceSpec(spec)
  const stored = storedServiceSpec(spec)
  refuseNotYet(stored)
  return stored
}

function registryAuthOf(request: FastifyRequest): string | undefined {
  const header = request.headers['x-registry-auth']
  return typeof header === 'string' && header !== '' ? header : undefined
}

function modeName(mode: ServiceMode | undefined): string {
  if (mode?.Global) return 'global'
  if (mode?.ReplicatedJob) return 'replicated-job'
  return mode?.GlobalJob ? 'global-job' : 'replicated'
}
