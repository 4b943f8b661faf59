import { ShoalError } from '@shoal/common/errors'
import type { NetworkCreate, ServiceSpec, StringMap } from '@shoal/engine-api'
import { type Project, readText } from '../read/project.js'
import {
  booleanAt,
  defined,
  invalidAt,
  listAt,
  mapAt,
  type Path,
  textAt,
  type TreeMap,
} from '../read/tree.js'
import { isExternal, objectName, stackLabels, textMap } from './names.js'
import { networkNamesOf, serviceSpec } from './service.js'

/** A secret or a config that a stack wants. */
export interface DesiredFile {
  readonly kind: 'secret' | 'config'
  /** The name in the cluster, when it has but one version. */
  readonly name: string
  readonly labels: StringMap
  /** Base64; absent with a driver. */
  readonly data?: string
  readonly templating?: string
  readonly driver?: { Name: string; Options?: StringMap }
}

/** What a stack wants of the cluster, with names in the place of IDs. */
export interface DesiredStack {
  readonly stack: string
  readonly networks: readonly NetworkCreate[]
  readonly files: readonly DesiredFile[]
  /** After those that they depend on. */
  readonly services: readonly ServiceSpec[]
  /** What somebody else has made, and has to be there. */
  readonly external: Readonly<Record<'network' | 'secret' | 'config', readonly string[]>>
}

/**
 * What the Compose files want, in the API's documents.
 * @throws invalid-argument with the place for what cannot be understood
 */
export function desiredStack(project: Project): DesiredStack {
  const { stack, tree } = project
  const services = mapAt(tree['services'], ['services'])
  if (Object.keys(services).length === 0) throw new ShoalError('invalid-argument', 'no service is enabled')
  const used = new Set(
    Object.entries(services).flatMap(([name, service]) =>
      networkNamesOf(mapAt(service, ['services', name]), ['services', name]),
    ),
  )
  const specs = new Map(inOrder(services).map((name) => [name, serviceSpec(project, name)]))
  const networks = mapAt(tree['networks'], ['networks'])
  const named = [...used].map((name) => [name, mapAt(networks[name], ['networks', name])] as const)
  const secrets = filesOf('secret', project)
  const configs = filesOf('config', project)
  return {
    stack,
    networks: named
      .filter(([name, network]) => !isExternal(network, ['networks', name]))
      .map(([name, network]) => networkCreate(stack, name, network)),
    files: [...secrets.own, ...configs.own],
    services: [...specs.values()],
    external: {
      network: named
        .filter(([name, network]) => isExternal(network, ['networks', name]))
        .map(([name, network]) => objectName(stack, name, network, ['networks', name])),
      secret: secrets.external,
      config: configs.external,
    },
  }
}

/** The names of services, each after those that it depends on. */
function inOrder(services: TreeMap): string[] {
  const order: string[] = []
  const visit = (name: string, way: readonly string[]): void => {
    if (order.includes(name) || !(name in services)) return
    if (way.includes(name)) {
      throw new ShoalError('invalid-argument', `services depend on each other: ${[...way, name].join(' → ')}`)
    }
    const path = ['services', name]
    const needs = mapAt(mapAt(services[name], path)['depends_on'], [...path, 'depends_on'])
    for (const other of Object.keys(needs).sort()) visit(other, [...way, name])
    order.push(name)
  }
  for (const name of Object.keys(services).sort()) visit(name, [])
  return order
}

function networkCreate(stack: string, name: string, network: TreeMap): NetworkCreate {
  const path = ['networks', name]
  const ipam = mapAt(network['ipam'], [...path, 'ipam'])
  const here = [...path, 'ipam', 'config']
  const Config = listAt(ipam['config'], here).map((item) => {
    const config = mapAt(item, here)
    return defined({
      Subnet: textAt(config['subnet'], here),
      Gateway: textAt(config['gateway'], here),
      IPRange: textAt(config['ip_range'], here),
      AuxiliaryAddresses:
        config['aux_addresses'] === undefined ? undefined : textMap(config['aux_addresses'], here),
    })
  })
  return {
    Name: objectName(stack, name, network, path),
    Driver: textAt(network['driver'], [...path, 'driver']) || 'overlay',
    Internal: booleanAt(network['internal'], [...path, 'internal']) ?? false,
    Attachable: booleanAt(network['attachable'], [...path, 'attachable']) ?? false,
    Labels: stackLabels(stack, network['labels'], [...path, 'labels']),
    Options: textMap(network['driver_opts'], [...path, 'driver_opts']),
    ...(network['ipam'] !== undefined && {
      IPAM: {
        Driver: textAt(ipam['driver'], [...path, 'ipam', 'driver']) ?? 'default',
        Config,
        ...(ipam['options'] !== undefined && { Options: textMap(ipam['options'], path) }),
      },
    }),
  }
}

function filesOf(kind: 'secret' | 'config', project: Project): { own: DesiredFile[]; external: string[] } {
  const own: DesiredFile[] = []
  const external: string[] = []
  for (const [key, tree] of Object.entries(mapAt(project.tree[`${kind}s`], [`${kind}s`]))) {
    const path = [`${kind}s`, key]
    const file = mapAt(tree, path)
    const name = objectName(project.stack, key, file, path)
    if (isExternal(file, path)) external.push(name)
    else own.push(fileOf(kind, name, file, path, project))
  }
  return { own, external }
}

function fileOf(
  kind: 'secret' | 'config',
  name: string,
  file: TreeMap,
  path: Path,
  project: Project,
): DesiredFile {
  const templating = textAt(file['template_driver'], [...path, 'template_driver'])
  const driver = textAt(file['driver'], [...path, 'driver'])
  const base = {
    kind,
    name,
    labels: stackLabels(project.stack, file['labels'], [...path, 'labels']),
    ...(templating !== undefined && { templating }),
  }
  if (driver === undefined) return { ...base, data: contentOf(file, path, project) }
  const Options = textMap(file['driver_opts'], [...path, 'driver_opts'])
  return { ...base, driver: { Name: driver, Options } }
}

/** The bytes of a file, a variable, or what is written in the Compose file itself, as base64. */
function contentOf(file: TreeMap, path: Path, { files, lookup }: Project): string {
  const from = ['file', 'environment', 'content'].filter((key) => file[key] !== undefined)
  if (from.length !== 1)
    throw invalidAt(path, 'needs a file, an environment variable or a content, and one of them')
  const [source = ''] = from
  const value = textAt(file[source], [...path, source]) ?? ''
  if (source === 'content') return Buffer.from(value).toString('base64')
  if (source === 'file') return readBytes(files, value)
  const text = lookup(value)
  if (text === undefined) throw invalidAt(path, `is the variable ${value}, which is not set`)
  return Buffer.from(text).toString('base64')
}

function readBytes(files: Project['files'], path: string): string {
  return readText({ ...files, read: (name) => files.readBytes(name).toString('base64') }, path)
}
