import type { ComposeFile } from './yaml.js'
import { isMap, isScalar, type Path, type Tree, type TreeMap } from './tree.js'

type Marks = Pick<ComposeFile, 'reset' | 'override'>

/** Lists that a later file replaces as a whole, by their place below a service. */
const REPLACED: ReadonlySet<string> = new Set(['command', 'entrypoint', 'healthcheck.test'])

const field = (item: Tree, name: string, absent = ''): string => {
  const value = isMap(item) ? item[name] : undefined
  return isScalar(value) ? String(value) : absent
}

/** Lists whose items are told apart by what they stand for: a later one takes the place of an earlier one. */
const KEYED: Readonly<Record<string, (item: Tree) => string>> = {
  ports: (port) =>
    [
      field(port, 'host_ip'),
      field(port, 'target'),
      field(port, 'published'),
      field(port, 'protocol', 'tcp'),
    ].join('|'),
  volumes: (volume) => field(volume, 'target'),
  secrets: (secret) => field(secret, 'target', field(secret, 'source')),
  configs: (config) => field(config, 'target', field(config, 'source')),
  env_file: (file) => field(file, 'path'),
}

/**
 * What two files in long syntax say together, by the rules of the Compose Specification: mappings are merged,
 * lists appended, single values replaced; commands and health tests are replaced as a whole.
 * @param marks the places that the later one marked `!reset` or `!override`
 */
export function mergeFiles(base: TreeMap, over: TreeMap, marks: Marks): TreeMap {
  return mergeMaps(base, over, marks, [])
}

/** The same for two services; `path` is the later one's place in its file. */
export function mergeServices(base: TreeMap, over: TreeMap, marks: Marks, path: Path): TreeMap {
  return mergeMaps(base, over, marks, path)
}

function mergeMaps(base: TreeMap, over: TreeMap, marks: Marks, path: Path): TreeMap {
  const result: TreeMap = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const here = [...path, key]
    const place = here.join('.')
    if (marks.reset.has(place)) delete result[key]
    else if (marks.override.has(place)) result[key] = value
    else if (!(key in base)) result[key] = isMap(value) ? mergeMaps({}, value, marks, here) : value
    else result[key] = mergeTrees(base[key] ?? null, value, marks, here)
  }
  return result
}

function mergeTrees(base: Tree, over: Tree, marks: Marks, path: Path): Tree {
  const inService = path[0] === 'services' ? path.slice(2).join('.') : undefined
  if (isMap(base) && isMap(over)) {
    if (inService === 'logging' && over['driver'] !== undefined && over['driver'] !== base['driver'])
      return over
    return mergeMaps(base, over, marks, path)
  }
  // `networks: {front: }` says nothing about the network that an earlier file has not said.
  if (isMap(base) && over === null) return base
  if (!Array.isArray(base) || !Array.isArray(over) || REPLACED.has(inService ?? '')) return over
  const keyOf = KEYED[inService ?? ''] ?? ((item: Tree) => JSON.stringify(item))
  const merged = new Map([...base, ...over].map((item) => [keyOf(item), item]))
  return [...merged.values()]
}
