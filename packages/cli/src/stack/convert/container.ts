import type { ContainerSpec, HealthConfig } from '@shoal/engine-api'
import { capability } from '../../values/index.js'
import { cut } from '../../values/invalid.js'
import {
  booleanAt,
  countAt,
  defined,
  invalidAt,
  mapAt,
  numberAt,
  type Path,
  textAt,
  textsAt,
  type Tree,
  type TreeMap,
} from '../read/tree.js'
import { durationAt } from './deploy.js'
import { textMap } from './names.js'

const some = <Item>(items: Item[]): Item[] | undefined => (items.length > 0 ? items : undefined)

/** What a service says of its container, but for its environment, its labels, files and mounts. */
export function containerOf(service: TreeMap, path: Path): ContainerSpec {
  const text = (key: string): string | undefined => textAt(service[key], [...path, key])
  const texts = (key: string): string[] | undefined => some(textsAt(service[key], [...path, key]))
  const boolean = (key: string): boolean | undefined => booleanAt(service[key], [...path, key])
  const dns = defined({ Nameservers: texts('dns'), Search: texts('dns_search'), Options: texts('dns_opt') })
  return {
    ...capabilitiesOf(service, path),
    ...(Object.keys(dns).length > 0 && { DNSConfig: dns }),
    ...defined({
      Image: text('image'),
      Command: texts('entrypoint'),
      Args: texts('command'),
      Hostname: text('hostname'),
      Hosts: some(hostsOf(service['extra_hosts'], [...path, 'extra_hosts'])),
      Dir: text('working_dir'),
      User: text('user'),
      Groups: texts('group_add'),
      TTY: boolean('tty') || undefined,
      OpenStdin: boolean('stdin_open') || undefined,
      ReadOnly: boolean('read_only') || undefined,
      Init: boolean('init'),
      Isolation: text('isolation') as ContainerSpec['Isolation'],
      StopSignal: text('stop_signal'),
      StopGracePeriod: durationAt(service['stop_grace_period'], [...path, 'stop_grace_period']),
      Sysctls:
        service['sysctls'] === undefined ? undefined : textMap(service['sysctls'], [...path, 'sysctls']),
      Ulimits: some(ulimitsOf(service['ulimits'], [...path, 'ulimits'])),
      OomScoreAdj: numberAt(service['oom_score_adj'], [...path, 'oom_score_adj']),
      Healthcheck: healthOf(service['healthcheck'], [...path, 'healthcheck']),
    }),
  }
}

/** Docker's order: adding a capability outweighs dropping it, ALL outweighs every other. */
function capabilitiesOf(service: TreeMap, path: Path): ContainerSpec {
  const read = (key: string): Set<string> => {
    const names = new Set(textsAt(service[key], [...path, key]).map(capability))
    return names.has('ALL') ? new Set(['ALL']) : names
  }
  const added = read('cap_add')
  const dropped = [...read('cap_drop')].filter((name) => !added.has(name))
  return defined({ CapabilityAdd: some([...added].sort()), CapabilityDrop: some(dropped.sort()) })
}

function hostsOf(tree: Tree | undefined, path: Path): string[] {
  return Object.entries(mapAt(tree, path)).flatMap(([name, addresses]) =>
    textsAt(addresses, [...path, name]).map((address) => `${address} ${name}`),
  )
}

function ulimitsOf(tree: Tree | undefined, path: Path): NonNullable<ContainerSpec['Ulimits']> {
  const limits = Object.entries(mapAt(tree, path)).map(([name, limit]) => {
    const here = [...path, name]
    const { soft, hard } = mapAt(limit, here)
    const Soft = numberAt(soft, here)
    const Hard = numberAt(hard, here) ?? Soft
    if (Soft === undefined || Hard === undefined) throw invalidAt(here, 'needs a soft limit')
    return { Name: name, Soft, Hard }
  })
  return limits.sort((left, right) => (left.Name < right.Name ? -1 : 1))
}

function healthOf(tree: Tree | undefined, path: Path): HealthConfig | undefined {
  if (tree === undefined || tree === null) return undefined
  const health = mapAt(tree, path)
  const test = textsAt(health['test'], [...path, 'test'])
  if (booleanAt(health['disable'], [...path, 'disable'])) {
    if (test.length > 0) throw invalidAt(path, 'has a test and is disabled')
    return { Test: ['NONE'] }
  }
  return defined({
    Test: some(test),
    Interval: durationAt(health['interval'], [...path, 'interval']),
    Timeout: durationAt(health['timeout'], [...path, 'timeout']),
    StartPeriod: durationAt(health['start_period'], [...path, 'start_period']),
    StartInterval: durationAt(health['start_interval'], [...path, 'start_interval']),
    Retries: countAt(health['retries'], [...path, 'retries']),
  })
}

/** `NAME=value` in order; a name without a value is one that the image's is taken away by. */
export function environmentList(variables: ReadonlyMap<string, string | undefined>): string[] {
  return [...variables].map(([name, value]) => (value === undefined ? name : `${name}=${value}`)).sort()
}

/** The variables of a file that is read as it is (`format: raw`). */
export function rawVariables(text: string): [string, string | undefined][] {
  const lines = text.split(/\r?\n/).map((line) => line.trimStart())
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => cut(line))
}
