import type { TaskSpec } from '@shoal/engine-api'
import { parseBytes, parseCpus } from '../../values/index.js'
import {
  countAt,
  defined,
  invalidAt,
  isScalar,
  listAt,
  mapAt,
  parsedAt,
  type Path,
  textAt,
  textsAt,
  type Tree,
  type TreeMap,
} from '../read/tree.js'

/** Limits and reservations, which may also be said by the service's own keys. */
export function resourcesOf(
  service: TreeMap,
  deploy: TreeMap,
  path: Path,
): NonNullable<TaskSpec['Resources']> {
  const here = [...path, 'deploy', 'resources']
  const resources = mapAt(deploy['resources'], here)
  const limits = mapAt(resources['limits'], [...here, 'limits'])
  const reservations = mapAt(resources['reservations'], [...here, 'reservations'])
  const either = (value: Tree | undefined, alias: string): Tree | undefined => {
    const other = service[alias]
    const contradicts = isScalar(value) && isScalar(other) && String(value) !== String(other)
    if (contradicts) throw invalidAt([...path, alias], 'contradicts deploy.resources')
    return value ?? other
  }
  const Limits = defined({
    NanoCPUs: parsedAt(either(limits['cpus'], 'cpus'), [...here, 'limits', 'cpus'], parseCpus),
    MemoryBytes: parsedAt(either(limits['memory'], 'mem_limit'), [...here, 'limits', 'memory'], parseBytes),
    Pids: countAt(either(limits['pids'], 'pids_limit'), [...here, 'limits', 'pids']),
  })
  const generic = genericResources(reservations['generic_resources'], [...here, 'generic_resources'])
  const Reservations = defined({
    NanoCPUs: parsedAt(reservations['cpus'], [...here, 'reservations', 'cpus'], parseCpus),
    MemoryBytes: parsedAt(
      either(reservations['memory'], 'mem_reservation'),
      [...here, 'reservations', 'memory'],
      parseBytes,
    ),
    GenericResources: generic.length > 0 ? generic : undefined,
  })
  return {
    ...(Object.keys(Limits).length > 0 && { Limits }),
    ...(Object.keys(Reservations).length > 0 && { Reservations }),
  }
}

function genericResources(
  tree: Tree | undefined,
  path: Path,
): { DiscreteResourceSpec: { Kind: string; Value: number } }[] {
  return listAt(tree, path).map((item) => {
    const { kind, value } = mapAt(mapAt(item, path)['discrete_resource_spec'], path)
    const Kind = textAt(kind, path)
    const Value = countAt(value, path)
    if (Kind === undefined || Value === undefined) throw invalidAt(path, 'needs a kind and a value')
    return { DiscreteResourceSpec: { Kind, Value } }
  })
}

export function placementOf(deploy: TreeMap, path: Path): NonNullable<TaskSpec['Placement']> {
  const here = [...path, 'deploy', 'placement']
  const placement = mapAt(deploy['placement'], here)
  const preferences = listAt(placement['preferences'], [...here, 'preferences']).map((item, index) => {
    const place = [...here, 'preferences', String(index)]
    return { Spread: { SpreadDescriptor: textAt(mapAt(item, place)['spread'], place) ?? '' } }
  })
  const constraints = textsAt(placement['constraints'], [...here, 'constraints'])
  return defined({
    Constraints: constraints.length > 0 ? constraints : undefined,
    Preferences: preferences.length > 0 ? preferences : undefined,
    MaxReplicas: countAt(placement['max_replicas_per_node'], [...here, 'max_replicas_per_node']),
  })
}
