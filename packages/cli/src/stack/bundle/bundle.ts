import { messageOf, ShoalError } from '@shoal/common/errors'
import type { PortConfig, NetworkCreate, ServiceSpec } from '@shoal/engine-api'
import type { DesiredStack } from '../convert/stack.js'
import { IMAGE_LABEL, NAMESPACE_LABEL, stackLabels } from '../convert/names.js'
import {
  countAt,
  invalidAt,
  listAt,
  mapAt,
  type Path,
  textAt,
  textsAt,
  type Tree,
  type TreeMap,
} from '../read/tree.js'

/** The one version that there ever was. */
const VERSION = '0.1'
const LARGEST_PORT = 65_535
const BUNDLE_KEYS: ReadonlySet<string> = new Set(['Version', 'Services'])
const SERVICE_KEYS: ReadonlySet<string> = new Set([
  'Args',
  'Command',
  'Env',
  'Image',
  'Labels',
  'Networks',
  'Ports',
  'User',
  'WorkingDir',
])
const PORT_KEYS: ReadonlySet<string> = new Set(['Port', 'Protocol'])

/**
 * What a distributed application bundle (`.dab`, JSON) wants of the cluster: as with the docker CLI of its time, an
 * overlay network for each that a service names, and one replica of each service, whose ports the cluster chooses.
 * @throws invalid-argument, with the place, for what cannot be understood and for keys that no bundle has
 */
export function desiredBundle(stack: string, text: string): DesiredStack {
  const bundle = mapAt(parse(text), [])
  onlyKeys(bundle, BUNDLE_KEYS, [])
  const version = textAt(bundle['Version'], ['Version']) ?? ''
  if (version !== VERSION) throw invalidAt(['Version'], `must be ${VERSION}, not ${JSON.stringify(version)}`)
  const services = Object.entries(mapAt(bundle['Services'], ['Services']))
  if (services.length === 0) throw new ShoalError('invalid-argument', 'the bundle has no service')
  const read = services.map(([name, tree]) => readService(name, mapAt(tree, ['Services', name])))
  const networks = new Set(read.flatMap((service) => service.networks))
  return {
    stack,
    networks: [...networks].sort().map((name) => networkOf(stack, name)),
    files: [],
    services: read.map((service) => serviceOf(stack, service)),
    external: { network: [], secret: [], config: [] },
  }
}

interface BundleService {
  readonly name: string
  readonly path: Path
  readonly image: string
  readonly networks: readonly string[]
  readonly ports: readonly PortConfig[]
  readonly tree: TreeMap
}

function readService(name: string, tree: TreeMap): BundleService {
  const path = ['Services', name]
  onlyKeys(tree, SERVICE_KEYS, path)
  const image = textAt(tree['Image'], [...path, 'Image'])
  if (!image) throw invalidAt(path, 'has no Image')
  const networks = listAt(tree['Networks'], [...path, 'Networks'])
  const ports = listAt(tree['Ports'], [...path, 'Ports'])
  return {
    name,
    path,
    image,
    networks: textsAt(networks, [...path, 'Networks']),
    ports: ports.map((port, index) => portOf(port, [...path, 'Ports', String(index)])),
    tree,
  }
}

function portOf(tree: Tree, path: Path): PortConfig {
  const port = mapAt(tree, path)
  onlyKeys(port, PORT_KEYS, path)
  const TargetPort = countAt(port['Port'], [...path, 'Port'])
  if (TargetPort === undefined || TargetPort < 1 || TargetPort > LARGEST_PORT) {
    throw invalidAt([...path, 'Port'], 'must be a port')
  }
  return { Protocol: textAt(port['Protocol'], [...path, 'Protocol'])?.toLowerCase() || 'tcp', TargetPort }
}

function networkOf(stack: string, name: string): NetworkCreate {
  return { Name: `${stack}_${name}`, Driver: 'overlay', Labels: { [NAMESPACE_LABEL]: stack } }
}

function serviceOf(stack: string, { name, path, image, networks, ports, tree }: BundleService): ServiceSpec {
  const labels = stackLabels(stack, tree['Labels'], [...path, 'Labels'])
  const texts = (key: string): Record<string, string[]> => {
    const list = textsAt(listAt(tree[key], [...path, key]), [...path, key])
    return list.length === 0 ? {} : { [key]: list }
  }
  const folder = textAt(tree['WorkingDir'], [...path, 'WorkingDir'])
  const user = textAt(tree['User'], [...path, 'User'])
  return {
    Name: `${stack}_${name}`,
    Labels: { ...labels, [IMAGE_LABEL]: image },
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        // A bundle has but one set of labels: containers have them too.
        Labels: labels,
        ...texts('Command'),
        ...texts('Args'),
        ...texts('Env'),
        ...(folder && { Dir: folder }),
        ...(user && { User: user }),
      },
      Networks: [...new Set(networks)]
        .sort()
        .map((network) => ({ Target: `${stack}_${network}`, Aliases: [name] })),
    },
    Mode: { Replicated: {} },
    EndpointSpec: ports.length === 0 ? {} : { Ports: [...ports] },
  }
}

/** What is written and means nothing here is an error, not a silence. */
function onlyKeys(map: TreeMap, known: ReadonlySet<string>, path: Path): void {
  const unknown = Object.keys(map).find((key) => !known.has(key))
  if (unknown !== undefined) throw invalidAt([...path, unknown], 'is unknown to bundles')
}

function parse(text: string): Tree {
  try {
    return JSON.parse(text) as Tree
  } catch (error) {
    throw new ShoalError('invalid-argument', `the bundle is no JSON: ${messageOf(error)}`, error)
  }
}
