import { messageOf, ShoalError } from '@shoal/common/errors'
import { sameValue, type Service, type ServiceSpec } from '@shoal/engine-api'
import {
  type Acknowledged,
  type ManagerClient,
  registryAuthFor,
  type ServiceUpdateOptions,
} from '../../client/index.js'
import { pinImage } from '../../spec/index.js'
import { CONTENT_LABEL, contentMark, FILE_LABEL, type Step } from '../../stack/index.js'
import type { Io } from '../lib/command.js'

const OUT_OF_SEQUENCE = 'update out of sequence'
const MOST_ATTEMPTS = 5

export interface CarryOutOptions {
  /** Whether tags are pinned to the digests that the registry names. */
  resolveImages: boolean
  withRegistryAuth: boolean
}

/** A service that is on its way to its new spec. */
export interface Changed {
  id: string
  name: string
  staleStatus?: Service['UpdateStatus']
}

interface Tools {
  client: ManagerClient
  io: Io
  options: CarryOutOptions
  changed: Changed[]
}

type StepOf<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>

const CARRY_OUT: { [Kind in Step['kind']]: (step: StepOf<Kind>, tools: Tools) => Promise<void> } = {
  'create-network': async ({ network }, { client, io }) => {
    io.print(`Creating network ${network.Name}`)
    await client.createNetwork(network)
  },
  'create-file': async ({ file, name }, { client, io }) => {
    io.print(`Creating ${file.kind} ${name}`)
    await client.createStoredFile(file.kind, fileSpec(file, name))
  },
  'update-file': async ({ file, present, labels }, { client, io }) => {
    io.print(`Updating ${file} ${present.Spec.Name}`)
    await client.updateStoredFile(file, present, labels)
  },
  'create-service': async ({ spec }, tools) => {
    const { client, io, changed } = tools
    io.print(`Creating service ${spec.Name}`)
    const { ready, registryAuth } = await prepared(spec, true, tools)
    const { ID, Warnings } = await client.createService(ready, registryAuth)
    for (const warning of Warnings ?? []) io.warn(warning)
    changed.push({ id: ID, name: spec.Name ?? ID })
  },
  'update-service': async ({ service, spec, fields }, tools) => {
    const { client, io, changed } = tools
    io.print(`Updating service ${spec.Name}`)
    const isNewImage = fields.some(({ path }) => path === 'TaskTemplate.ContainerSpec.Image')
    const { ready, registryAuth } = await prepared(spec, isNewImage, tools)
    const auth = registryAuth === undefined ? {} : { registryAuth }
    const { Warnings } = await updated(client, service, ready, auth)
    for (const warning of Warnings ?? []) io.warn(warning)
    changed.push({ id: service.ID, name: spec.Name ?? service.ID, staleStatus: service.UpdateStatus })
  },
  'remove-service': async ({ id, name }, { client, io }) => {
    io.print(`Removing service ${name}`)
    await client.removeService(id)
  },
  'remove-file': async ({ file, id, name }, { client, io }) => {
    io.print(`Removing ${file} ${name}`)
    await client.removeStoredFile(file, id)
  },
  'remove-network': async ({ id, name }, { client, io }) => {
    io.print(`Removing network ${name}`)
    await client.removeNetwork(id)
  },
}

/**
 * The version of a service grows whenever its rollout goes a step further, too: as long as nobody has changed its spec
 * since it was looked at, the update is made on the newest one.
 */
async function updated(
  client: ManagerClient,
  service: Service,
  spec: ServiceSpec,
  options: ServiceUpdateOptions,
): Promise<Acknowledged> {
  let present = service
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.updateService(present, spec, options)
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !messageOf(error).includes(OUT_OF_SEQUENCE)) throw error
      present = await client.service(service.ID)
      if (!sameValue(present.Spec, service.Spec)) throw error
    }
  }
}

/** Carries the steps of a deploy out, in order. @returns the services that change @throws what a step threw */
export async function carryOut(steps: readonly Step[], io: Io, options: CarryOutOptions): Promise<Changed[]> {
  const tools: Tools = { client: io.client(), io, options, changed: [] }
  for (const step of steps) await carryOutOne(step, tools)
  return tools.changed
}

function carryOutOne<Kind extends Step['kind']>(step: StepOf<Kind>, tools: Tools): Promise<void> {
  return CARRY_OUT[step.kind as Kind](step, tools)
}

function fileSpec(file: StepOf<'create-file'>['file'], name: string): object {
  const isSecret = file.kind === 'secret' && file.data !== undefined
  return {
    Name: name,
    Labels: {
      ...file.labels,
      ...(name !== file.name && { [FILE_LABEL]: file.name }),
      ...(isSecret && { [CONTENT_LABEL]: contentMark(file.data ?? '') }),
    },
    ...(file.data !== undefined && { Data: file.data }),
    ...(file.driver && { Driver: file.driver }),
    ...(file.templating !== undefined && { Templating: { Name: file.templating } }),
  }
}

/** The spec with IDs in the place of names and, when its image is new, with the image's digest. */
async function prepared(
  spec: ServiceSpec,
  isNewImage: boolean,
  { client, io, options }: Tools,
): Promise<{ ready: ServiceSpec; registryAuth: string | undefined }> {
  const ready = await withIds(spec, client)
  const image = spec.TaskTemplate?.ContainerSpec?.Image ?? ''
  const registryAuth = options.withRegistryAuth ? registryAuthFor(image, io.environment) : undefined
  if (isNewImage && options.resolveImages) {
    const warning = await pinImage(ready, client, registryAuth)
    if (warning !== undefined) io.warn(warning)
  }
  return { ready, registryAuth }
}

async function withIds(spec: ServiceSpec, client: ManagerClient): Promise<ServiceSpec> {
  const copy = structuredClone(spec)
  const { ContainerSpec: container, Networks: networks = [] } = copy.TaskTemplate ?? {}
  for (const network of networks) network.Target = (await client.network(network.Target ?? '')).Id
  const { Secrets: secrets = [], Configs: configs = [] } = container ?? {}
  if (secrets.length > 0) {
    const found = await client.secrets(secrets.map(({ SecretName }) => SecretName ?? ''))
    for (const secret of secrets) secret.SecretID = idOf('secret', secret.SecretName, found)
  }
  if (configs.length > 0) {
    const found = await client.configs(configs.map(({ ConfigName }) => ConfigName ?? ''))
    for (const config of configs) config.ConfigID = idOf('config', config.ConfigName, found)
  }
  return copy
}

function idOf(
  kind: string,
  name: string | undefined,
  found: readonly { ID: string; Spec: { Name: string } }[],
): string {
  const id = found.find(({ Spec }) => Spec.Name === name)?.ID
  if (id === undefined) throw new ShoalError('not-found', `${kind} not found: ${name}`)
  return id
}
