import { messageOf, ShoalError } from '@shoal/common/errors'
import type { ConfigReference, NetworkAttachmentConfig, ServiceSpec } from '@shoal/engine-api'
import { ManagerRefusal } from '../client/index.js'
import { hasDigest, withDefaultTag } from '../output/index.js'
import { containerOf, type ServiceDraft, taskOf } from './draft.js'

/** What the manager is asked for. */
export interface References {
  network(ref: string): Promise<{ Id: string }>
  secrets(names: readonly string[]): Promise<{ ID: string; Spec: { Name: string } }[]>
  configs(names: readonly string[]): Promise<{ ID: string; Spec: { Name: string } }[]>
}

/** What the registry is asked for, through the manager. */
export interface Images {
  distribution(
    image: string,
    registryAuth?: string,
  ): Promise<{
    Descriptor?: { digest?: string }
    Platforms?: { architecture?: string; os?: string }[]
  }>
}

/**
 * Puts IDs in the place of the names in a draft.
 * @returns the spec that can be sent
 * @throws not-found for a network, secret or config that does not exist
 */
export async function resolveReferences(draft: ServiceDraft, references: References): Promise<ServiceSpec> {
  await resolveNetworks(draft, references)
  await resolveSecrets(draft, references)
  await resolveConfigs(draft, references)
  return draft.spec
}

async function resolveNetworks(draft: ServiceDraft, references: References): Promise<void> {
  const { networksToAdd, networksToRemove } = draft.pending
  if (networksToAdd.length === 0 && networksToRemove.length === 0) return
  const task = taskOf(draft)
  const present = task.Networks?.length ? task.Networks : (draft.spec.Networks ?? [])
  delete draft.spec.Networks
  const gone = new Set<string>()
  for (const name of networksToRemove) gone.add((await references.network(name)).Id)
  const networks: NetworkAttachmentConfig[] = present.filter((network) => !gone.has(network.Target ?? ''))
  for (const network of networksToAdd) {
    const { Id } = await references.network(network.Target ?? '')
    if (networks.some((other) => other.Target === Id)) {
      throw new ShoalError('already-exists', `service is already attached to network ${network.Target}`)
    }
    networks.push({ ...network, Target: Id })
  }
  task.Networks = networks.sort((a, b) => ((a.Target ?? '') < (b.Target ?? '') ? -1 : 1))
}

async function resolveSecrets(draft: ServiceDraft, references: References): Promise<void> {
  const added = draft.pending.secretsToAdd
  if (added.length === 0) return
  refuseDuplicates(
    'secret',
    added.map((secret) => [secret.File?.Name ?? '', secret.SecretName ?? '']),
  )
  const names = added.map((secret) => secret.SecretName ?? '')
  const idOf = finder('secret', await references.secrets(names))
  const resolved = added.map((secret) => ({ ...secret, SecretID: idOf(secret.SecretName ?? '') }))
  containerOf(draft).Secrets = [...(containerOf(draft).Secrets ?? []), ...resolved]
}

async function resolveConfigs(draft: ServiceDraft, references: References): Promise<void> {
  const added = draft.pending.configsToAdd
  const container = containerOf(draft)
  if (draft.given.has('credential-spec')) {
    container.Configs = (container.Configs ?? []).filter((config) => config.Runtime === undefined)
  }
  if (added.length === 0) return
  const files = added.filter((config) => config.File !== undefined)
  refuseDuplicates(
    'config',
    files.map((config) => [config.File?.Name ?? '', config.ConfigName ?? '']),
  )
  const names = added.map((config) => config.ConfigName ?? '')
  const idOf = finder('config', await references.configs(names))
  const resolved: ConfigReference[] = added.map((config) => ({
    ...config,
    ConfigID: idOf(config.ConfigName ?? ''),
  }))
  container.Configs = [...(container.Configs ?? []), ...resolved]
  const credentials = container.Privileges?.CredentialSpec
  if (draft.given.has('credential-spec') && credentials?.Config) credentials.Config = idOf(credentials.Config)
}

function refuseDuplicates(kind: string, targets: readonly [target: string, name: string][]): void {
  const seen = new Set<string>()
  for (const [target, name] of targets) {
    if (seen.has(target))
      throw new ShoalError('invalid-argument', `duplicate ${kind} target for ${name} not allowed`)
    seen.add(target)
  }
}

function finder(
  kind: string,
  found: readonly { ID: string; Spec: { Name: string } }[],
): (name: string) => string {
  return (name) => {
    const id = found.find((object) => object.Spec.Name === name)?.ID
    if (id === undefined) throw new ShoalError('not-found', `${kind} not found: ${name}`)
    return id
  }
}

/**
 * Pins the image of a spec to the digest that its registry names, and notes the platforms that it is for.
 * @returns a warning when the registry could not be asked: each node then resolves the tag by itself. A manager
 * that asks no registry at all is nothing that a user could mend, and no reason to warn at every change.
 */
export async function pinImage(
  spec: ServiceSpec,
  images: Images,
  registryAuth?: string,
): Promise<string | undefined> {
  const container = spec.TaskTemplate?.ContainerSpec
  const asked = container?.Image
  if (!container || !asked) return undefined
  const image = withDefaultTag(asked)
  container.Image = image
  try {
    const { Descriptor, Platforms } = await images.distribution(image, registryAuth)
    if (Descriptor?.digest && !hasDigest(image)) container.Image = `${image}@${Descriptor.digest}`
    if (Platforms?.length && spec.TaskTemplate) {
      const platforms = Platforms.map(({ architecture = '', os = '' }) => ({
        Architecture: architecture,
        OS: os,
      }))
      spec.TaskTemplate.Placement = { ...spec.TaskTemplate.Placement, Platforms: platforms }
    }
    return undefined
  } catch (error) {
    const isRefusal = error instanceof ManagerRefusal
    if (error instanceof ShoalError && error.code === 'unavailable' && !isRefusal) throw error
    if (error instanceof ShoalError && error.code === 'unimplemented') return undefined
    return `image ${image} could not be accessed on a registry to record
its digest. Each node will access ${image} independently,
possibly leading to different nodes running different
versions of the image. (${messageOf(error)})
`
  }
}
