import { type Service, type ServiceSpec, storedServiceSpec } from '@shoal/engine-api'
import { IMAGE_LABEL, NAMESPACE_LABEL } from '../convert/names.js'
import type { DesiredStack } from '../convert/stack.js'
import { conflict } from './conflict.js'
import { changedFields } from './fields.js'
import type { FilePlan } from './files.js'
import type { Observed } from './observed.js'
import type { Step } from './step.js'

/** The services that a deploy makes and changes; one that would stay as it is has no step. */
export function planServices(desired: DesiredStack, observed: Observed, files: FilePlan): Step[] {
  const known = new Map(observed.services.map((service) => [service.Spec.Name, service]))
  const networkNames = new Map(observed.networks.map(({ Id, Name }) => [Id, Name]))
  return desired.services.flatMap((wanted): Step[] => {
    const spec = withVersions(wanted, files)
    const service = known.get(spec.Name)
    if (service === undefined) return [{ kind: 'create-service', spec }]
    if (service.Spec.Labels?.[NAMESPACE_LABEL] !== desired.stack) {
      throw conflict('service', spec.Name ?? '', desired.stack)
    }
    const kept = keepingChoices(spec, service)
    const fields = changedFields(
      withoutIds(storedServiceSpec(service.Spec), networkNames),
      withoutIds(storedServiceSpec(kept), networkNames),
    )
    return fields.length === 0 ? [] : [{ kind: 'update-service', service, spec: kept, fields }]
  })
}

/** The spec with the versions of its secrets and configs in the place of their files. */
function withVersions(spec: ServiceSpec, files: FilePlan): ServiceSpec {
  const container = spec.TaskTemplate?.ContainerSpec ?? {}
  const { Secrets, Configs } = container
  return withContainer(spec, {
    ...container,
    ...(Secrets && {
      Secrets: Secrets.map((secret) => ({
        ...secret,
        SecretName: files.versionOf('secret', secret.SecretName ?? ''),
      })),
    }),
    ...(Configs && {
      Configs: Configs.map((config) => ({
        ...config,
        ConfigName: files.versionOf('config', config.ConfigName ?? ''),
      })),
    }),
  })
}

type Container = NonNullable<NonNullable<ServiceSpec['TaskTemplate']>['ContainerSpec']>

function withContainer(spec: ServiceSpec, container: Container): ServiceSpec {
  return { ...spec, TaskTemplate: { ...spec.TaskTemplate, ContainerSpec: container } }
}

/**
 * What is not of the Compose file's making stays: how often the tasks were started anew by force, and the digest (and
 * platforms) that the same image was pinned to.
 */
function keepingChoices(spec: ServiceSpec, { Spec: present }: Service): ServiceSpec {
  const force = present.TaskTemplate?.ForceUpdate
  const forced = force ? { ...spec, TaskTemplate: { ...spec.TaskTemplate, ForceUpdate: force } } : spec
  if (present.Labels?.[IMAGE_LABEL] !== spec.Labels?.[IMAGE_LABEL]) return forced
  const Image = present.TaskTemplate?.ContainerSpec?.Image
  const Platforms = present.TaskTemplate?.Placement?.Platforms
  const container = forced.TaskTemplate?.ContainerSpec ?? {}
  const pinned = withContainer(forced, { ...container, ...(Image && { Image }) })
  if (!Platforms?.length) return pinned
  const Placement = { ...pinned.TaskTemplate?.Placement, Platforms }
  return { ...pinned, TaskTemplate: { ...pinned.TaskTemplate, Placement } }
}

/** For comparing: references by name alone. */
function withoutIds(spec: ServiceSpec, networkNames: ReadonlyMap<string, string>): ServiceSpec {
  const task = spec.TaskTemplate ?? {}
  const container = task.ContainerSpec ?? {}
  return {
    ...spec,
    TaskTemplate: {
      ...task,
      Networks: (task.Networks ?? [])
        .map((network) => ({
          ...network,
          Target: networkNames.get(network.Target ?? '') ?? network.Target ?? '',
        }))
        .sort((left, right) => (left.Target < right.Target ? -1 : 1)),
      ContainerSpec: {
        ...container,
        Secrets: (container.Secrets ?? []).map(({ SecretID: _id, ...secret }) => secret),
        Configs: (container.Configs ?? []).map(({ ConfigID: _id, ...config }) => config),
      },
    },
  }
}
