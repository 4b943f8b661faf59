import { newId, toTimestamp } from '@shoal/common'
import {
  readConfigSpec,
  readSecretSpec,
  validateConfigSpec,
  validateSecretSpec,
  type ConfigSpec,
  type SecretSpec,
} from '@shoal/engine-api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { put, remove, type ConfigRecord, type SecretRecord } from '../../state/records.js'
import { transact } from '../../state/state.js'
import type { StateView } from '../../state/view.js'
import { notImplemented, outOfSequence, swarmError } from '../errors.js'
import type { ApiOptions } from '../options.js'
import { readJson } from '../request/body.js'
import { readFilters } from '../request/filters.js'
import { findConfig, findSecret } from '../request/lookup.js'
import { pathId, versionIndex } from '../request/query.js'
import { servicesUsing } from '../services/references.js'

const FILTERS = ['id', 'name', 'names', 'label']

/** Secrets and configs are one thing but for their names, their size and who may read their data. */
interface Family<Record extends SecretRecord | ConfigRecord> {
  readonly kind: 'secret' | 'config'
  /** Reads and judges the spec of a new one. */
  readonly accept: (json: unknown) => SecretSpec & ConfigSpec
  readonly read: (json: unknown) => SecretSpec & ConfigSpec
  readonly find: (state: StateView, reference: string) => Record
  readonly named: (state: StateView, name: string) => Record | undefined
  readonly all: (state: StateView) => Iterable<Record>
  /** What the API tells of its spec. */
  readonly shown: (spec: Record['Spec']) => unknown
}

const SECRETS: Family<SecretRecord> = {
  kind: 'secret',
  accept(json) {
    const spec = readSecretSpec(json)
    if (spec.Driver?.Name) throw notImplemented(`secret drivers (Driver ${spec.Driver.Name})`)
    validateSecretSpec(spec)
    return spec
  },
  read: readSecretSpec,
  find: findSecret,
  named: (state, name) => state.secretNamed(name),
  all: (state) => state.all('secret'),
  shown({ Data: _neverTold, ...spec }) {
    return spec
  },
}

const CONFIGS: Family<ConfigRecord> = {
  kind: 'config',
  accept(json) {
    const spec = readConfigSpec(json)
    validateConfigSpec(spec)
    return spec
  },
  read: readConfigSpec,
  find: findConfig,
  named: (state, name) => state.configNamed(name),
  all: (state) => state.all('config'),
  shown: (spec) => spec,
}

export function secretRoutes(app: FastifyInstance, context: ApiOptions): void {
  routesOf(app, context, SECRETS)
}

export function configRoutes(app: FastifyInstance, context: ApiOptions): void {
  routesOf(app, context, CONFIGS)
}

function routesOf<Record extends SecretRecord | ConfigRecord>(
  app: FastifyInstance,
  context: ApiOptions,
  family: Family<Record>,
): void {
  const { state, writes } = context
  const path = `/${family.kind}s`
  const answer = (record: Record): unknown => ({ ...record, Spec: family.shown(record.Spec) })

  app.get(path, (request) => {
    const filters = readFilters(request, FILTERS)
    return [...family.all(state)]
      .filter(
        ({ ID, Spec }) =>
          filters.prefix('id', ID) &&
          filters.prefix('name', Spec.Name ?? '') &&
          filters.some('names', (name) => name === Spec.Name) &&
          filters.labels('label', Spec.Labels),
      )
      .map(answer)
  })

  app.get(`${path}/:id`, (request) => answer(family.find(state, pathId(request))))

  app.post(`${path}/create`, async (request, reply) => {
    const id = await create(request, context, family)
    return reply.code(201).send({ ID: id })
  })

  app.post(`${path}/:id/update`, async (request, reply) => {
    await updateLabels(request, context, family)
    return reply.send()
  })

  app.delete(`${path}/:id`, async (request, reply) => {
    // In line with the services: none may come to refer to it meanwhile.
    await writes.run(() =>
      transact(state, () => {
        const record = family.find(state, pathId(request))
        refuseInUse(state, family.kind, record)
        return { mutations: [remove(family.kind, record)], result: undefined }
      }),
    )
    return reply.code(204).send()
  })
}

function create<Record extends SecretRecord | ConfigRecord>(
  request: FastifyRequest,
  { state, writes, random, clock }: ApiOptions,
  { kind, accept, named }: Family<Record>,
): Promise<string> {
  const spec = accept(readJson(request))
  const name = spec.Name ?? ''
  return writes.run(() =>
    transact(state, () => {
      if (named(state, name)) throw swarmError('already-exists', `${kind} ${name} already exists`)
      const now = toTimestamp(clock.now())
      const record = {
        ID: newId(random),
        Version: { Index: 0 },
        CreatedAt: now,
        UpdatedAt: now,
        Spec: { ...spec, Labels: spec.Labels ?? {} },
      }
      return { mutations: [put(kind, record)], result: record.ID }
    }),
  )
}

/** Docker takes a body without data, or with the same; anything else but the labels must stay. */
async function updateLabels<Record extends SecretRecord | ConfigRecord>(
  request: FastifyRequest,
  { state, clock }: ApiOptions,
  { kind, read, find }: Family<Record>,
): Promise<void> {
  const version = versionIndex(request, kind)
  const spec = read(readJson(request))
  await transact(state, () => {
    const record = find(state, pathId(request))
    const renamed = spec.Name !== undefined && spec.Name !== record.Spec.Name
    if (renamed || (spec.Data && spec.Data !== record.Spec.Data)) {
      throw swarmError('invalid-argument', 'only updates to Labels are allowed')
    }
    if (record.Version.Index !== version) throw outOfSequence()
    const updated = {
      ...record,
      UpdatedAt: toTimestamp(clock.now()),
      Spec: { ...record.Spec, Labels: spec.Labels ?? {} },
    }
    return { mutations: [put(kind, updated)], result: undefined }
  })
}

function refuseInUse(
  state: StateView,
  kind: 'secret' | 'config',
  { ID, Spec }: SecretRecord | ConfigRecord,
): void {
  const users = servicesUsing(state, kind, ID).map((service) => service.Spec.Name ?? service.ID)
  if (users.length === 0) return
  const services = users.length === 1 ? 'service' : 'services'
  throw swarmError(
    'invalid-argument',
    `${kind} '${Spec.Name ?? ''}' is in use by the following ${services}: ${users.join(', ')}`,
  )
}
