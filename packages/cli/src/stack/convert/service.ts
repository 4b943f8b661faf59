import type {
  ConfigReference,
  NetworkAttachmentConfig,
  SecretReference,
  ServiceSpec,
} from '@shoal/engine-api'
import { parseEnvFile } from '../read/env-file.js'
import { type Project, readText } from '../read/project.js'
import {
  booleanAt,
  countAt,
  defined,
  invalidAt,
  listAt,
  mapAt,
  type Path,
  textAt,
  textsAt,
  type TreeMap,
} from '../read/tree.js'
import { containerOf, environmentList, rawVariables } from './container.js'
import { endpointOf, modeOf, restartPolicyOf, rolloutOf } from './deploy.js'
import { mountsOf } from './mounts.js'
import { IMAGE_LABEL, objectName, stackLabels, textMap } from './names.js'
import { placementOf, resourcesOf } from './resources.js'

const DEFAULT_NETWORK = 'default'
const PREDEFINED_NETWORKS: ReadonlySet<string> = new Set(['host', 'bridge', 'none'])
/** Readable by everybody, r--r--r--. */
const DEFAULT_MODE = 0o444

/**
 * The spec of one service of a stack. Networks, secrets and configs are in it by their names: IDs come later.
 * @throws invalid-argument with the place for what cannot be understood
 */
export function serviceSpec(project: Project, name: string): ServiceSpec {
  const { stack, tree } = project
  const path = ['services', name]
  const service = mapAt(mapAt(tree['services'], ['services'])[name], path)
  const deploy = mapAt(service['deploy'], [...path, 'deploy'])
  const container = containerOf(service, path)
  if (!container.Image) throw invalidAt(path, 'has no image: a cluster builds none')
  const mounts = mountsOf(stack, service, mapAt(tree['volumes'], ['volumes']), path)
  const resources = resourcesOf(service, deploy, path)
  const labels = textMap(deploy['labels'], [...path, 'deploy', 'labels'])
  const logging = mapAt(service['logging'], [...path, 'logging'])
  return {
    Name: `${stack}_${name}`,
    Labels: { ...stackLabels(stack, labels, path), [IMAGE_LABEL]: container.Image },
    TaskTemplate: {
      ContainerSpec: {
        ...container,
        Labels: stackLabels(stack, service['labels'], [...path, 'labels']),
        ...list('Env', environmentList(environmentOf(project, service, path))),
        ...list('Mounts', mounts),
        ...list('Secrets', secretsOf(project, service, path)),
        ...list('Configs', configsOf(project, service, path)),
      },
      ...defined({ RestartPolicy: restartPolicyOf(service, deploy, path) }),
      Placement: placementOf(deploy, path),
      ...(Object.keys(resources).length > 0 && { Resources: resources }),
      ...(service['logging'] !== undefined && {
        LogDriver: defined({
          Name: textAt(logging['driver'], [...path, 'logging', 'driver']),
          Options: textMap(logging['options'], [...path, 'logging', 'options']),
        }),
      }),
      Networks: networksOf(project, service, name),
    },
    Mode: modeOf(service, deploy, path),
    ...defined({
      UpdateConfig: rolloutOf(deploy['update_config'], [...path, 'deploy', 'update_config']),
      RollbackConfig: rolloutOf(deploy['rollback_config'], [...path, 'deploy', 'rollback_config']),
    }),
    EndpointSpec: endpointOf(service, deploy, path),
  }
}

function list<Key extends string, Item>(key: Key, items: Item[]): { [key in Key]?: Item[] } {
  return items.length === 0 ? {} : ({ [key]: items } as { [key in Key]: Item[] })
}

/** The names by which a service names its networks. */
export function networkNamesOf(service: TreeMap, path: Path): string[] {
  const names = Object.keys(mapAt(service['networks'], [...path, 'networks']))
  return names.length === 0 ? [DEFAULT_NETWORK] : names
}

function networksOf({ stack, tree }: Project, service: TreeMap, name: string): NetworkAttachmentConfig[] {
  const here = ['services', name, 'networks']
  const networks = mapAt(tree['networks'], ['networks'])
  const attachments = networkNamesOf(service, ['services', name]).map((network) => {
    if (network !== DEFAULT_NETWORK && !Object.hasOwn(networks, network)) {
      throw invalidAt(here, `names an undefined network: ${network}`)
    }
    const path = ['networks', network]
    const Target = objectName(stack, network, mapAt(networks[network], path), path)
    const place = [...here, network]
    const { aliases, driver_opts: options } = mapAt(mapAt(service['networks'], here)[network], place)
    const Aliases = PREDEFINED_NETWORKS.has(Target) ? [] : [...textsAt(aliases, place), name]
    return {
      Target,
      ...list('Aliases', Aliases),
      ...(options !== undefined && { DriverOpts: textMap(options, [...place, 'driver_opts']) }),
    }
  })
  return attachments.sort((left, right) => (left.Target < right.Target ? -1 : 1))
}

function environmentOf(project: Project, service: TreeMap, path: Path): Map<string, string | undefined> {
  const variables = new Map<string, string | undefined>()
  for (const item of listAt(service['env_file'], [...path, 'env_file'])) {
    const here = [...path, 'env_file']
    const file = mapAt(item, here)
    const name = textAt(file['path'], here) ?? ''
    if (booleanAt(file['required'], here) === false && !project.files.exists(name)) continue
    const text = readText(project.files, name)
    const raw = textAt(file['format'], here) === 'raw'
    const entries = raw ? rawVariables(text) : parseEnvFile(text, name, project.lookup)
    for (const [variable, value] of entries) {
      const known = value ?? project.lookup(variable)
      if (known !== undefined) variables.set(variable, known)
    }
  }
  const here = [...path, 'environment']
  for (const [variable, value] of Object.entries(mapAt(service['environment'], here))) {
    variables.set(variable, textAt(value, [...here, variable]) ?? project.lookup(variable))
  }
  return variables
}

interface FileReference {
  Name: string
  File: { Name: string; UID: string; GID: string; Mode: number }
}

function secretsOf(project: Project, service: TreeMap, path: Path): SecretReference[] {
  return fileReferences('secrets', project, service, path).map(({ Name, File }) => ({
    File,
    SecretName: Name,
  }))
}

function configsOf(project: Project, service: TreeMap, path: Path): ConfigReference[] {
  return fileReferences('configs', project, service, path).map(({ Name, File }) => ({
    File,
    ConfigName: Name,
  }))
}

function fileReferences(
  kind: 'secrets' | 'configs',
  { stack, tree }: Project,
  service: TreeMap,
  path: Path,
): FileReference[] {
  const known = mapAt(tree[kind], [kind])
  const references = listAt(service[kind], [...path, kind]).map((item, index) => {
    const here = [...path, kind, String(index)]
    const reference = mapAt(item, here)
    const source = textAt(reference['source'], here)
    if (source === undefined) throw invalidAt(here, 'has no source')
    if (!Object.hasOwn(known, source))
      throw invalidAt(here, `names an undefined ${kind.slice(0, -1)}: ${source}`)
    return {
      Name: objectName(stack, source, mapAt(known[source], [kind, source]), [kind, source]),
      File: {
        Name: textAt(reference['target'], [...here, 'target']) ?? source,
        UID: textAt(reference['uid'], [...here, 'uid']) ?? '0',
        GID: textAt(reference['gid'], [...here, 'gid']) ?? '0',
        Mode: modeAt(reference['mode'], [...here, 'mode']),
      },
    }
  })
  return references.sort((left, right) => (left.Name < right.Name ? -1 : left.Name > right.Name ? 1 : 0))
}

/** A number, or a text in octal digits. */
function modeAt(tree: TreeMap[string] | undefined, path: Path): number {
  if (typeof tree !== 'string') return countAt(tree, path) ?? DEFAULT_MODE
  const octal = /^(?:0o)?([0-7]{3,4})$/.exec(tree)?.[1]
  if (octal === undefined) throw invalidAt(path, `is no mode in octal digits: ${tree}`)
  return Number.parseInt(octal, 8)
}
