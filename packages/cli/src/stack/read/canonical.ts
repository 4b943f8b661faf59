import { isAbsolute, join, normalize } from 'node:path'
import { parsePorts, splitShellWords } from '../../values/index.js'
import { cut } from '../../values/invalid.js'
import { shortVolume } from './short-volume.js'
import {
  invalidAt,
  isMap,
  isScalar,
  listAt,
  mapAt,
  parsedAt,
  type Path,
  textAt,
  textsAt,
  type Tree,
  type TreeMap,
} from './tree.js'

/** Rewrites one value into its long syntax. `folder` is what relative paths begin from. */
type Rewrite = (tree: Tree, path: Path, folder: string) => Tree

/**
 * One Compose file in long syntax throughout, with absolute paths, so that files can be merged field by field.
 * @param folder the absolute path that relative ones begin from
 * @throws invalid-argument with the place of a value of another form
 */
export function canonicalFile(tree: TreeMap, folder: string): TreeMap {
  const result: TreeMap = { ...tree }
  if ('services' in tree) {
    result['services'] = mapEach(tree['services'], ['services'], (service, path) =>
      rewriteFields(mapAt(service, path), SERVICE, path, folder),
    )
  }
  for (const kind of ['networks', 'volumes', 'secrets', 'configs']) {
    if (!(kind in tree)) continue
    result[kind] = mapEach(tree[kind], [kind], (resource, path) =>
      canonicalResource(mapAt(resource, path), path, folder),
    )
  }
  return result
}

function mapEach(tree: Tree | undefined, path: Path, rewrite: (tree: Tree, path: Path) => Tree): TreeMap {
  return Object.fromEntries(
    Object.entries(mapAt(tree, path)).map(([name, value]) => [name, rewrite(value, [...path, name])]),
  )
}

function rewriteFields(
  tree: TreeMap,
  rewrites: Readonly<Record<string, Rewrite>>,
  path: Path,
  folder: string,
): TreeMap {
  const result: TreeMap = {}
  for (const [key, value] of Object.entries(tree)) {
    const rewrite = rewrites[key]
    result[key] = rewrite === undefined || value === null ? value : rewrite(value, [...path, key], folder)
  }
  return result
}

/** The long way to say `external: true` with a name is the old one of two. */
function canonicalResource(resource: TreeMap, path: Path, folder: string): TreeMap {
  const result = rewriteFields(resource, { labels: pairs, file: absolute }, path, folder)
  const { external } = resource
  if (!isMap(external)) return result
  return { ...result, external: true, name: result['name'] ?? external['name'] ?? null }
}

const absolute: Rewrite = (tree, path, folder) => absolutePath(textAt(tree, path) ?? '', folder)

export function absolutePath(path: string, folder: string): string {
  return isAbsolute(path) ? normalize(path) : join(folder, path)
}

/** `["KEY=value", "KEY"]` or a mapping; a key alone has no value. */
const pairs: Rewrite = (tree, path) => {
  if (isMap(tree)) return tree
  const texts = textsAt(listAt(tree, path), path)
  return Object.fromEntries(texts.map((text) => [cut(text)[0], cut(text)[1] ?? null]))
}

/** `["name:address"]`, `["name=address"]` or a mapping, to lists of addresses. */
const hosts: Rewrite = (tree, path) => {
  const result: Record<string, Tree[]> = {}
  const entries = isMap(tree)
    ? Object.entries(tree).flatMap(([name, addresses]) =>
        textsAt(addresses, [...path, name]).map((address) => [name, address] as const),
      )
    : textsAt(tree, path).map((text) => cut(text, text.includes('=') ? '=' : ':'))
  for (const [name, address] of entries) {
    if (address === undefined) throw invalidAt(path, `has an entry without an address: ${name}`)
    ;(result[name] ??= []).push(address)
  }
  return result
}

const words: Rewrite = (tree, path) => (isScalar(tree) ? splitShellWords(String(tree)) : listAt(tree, path))
const texts: Rewrite = (tree, path) => textsAt(tree, path)

/** A list of names, or a mapping. */
const named =
  (value: Tree): Rewrite =>
  (tree, path) =>
    Array.isArray(tree)
      ? Object.fromEntries(textsAt(tree, path).map((name) => [name, value]))
      : mapAt(tree, path)

const eachItem =
  (long: (text: string, path: Path, folder: string) => Tree[], rewrite?: Rewrite): Rewrite =>
  (tree, path, folder) =>
    listAt(tree, path).flatMap((item, index) => {
      const here = [...path, String(index)]
      if (isScalar(item)) return long(String(item), here, folder)
      return [rewrite === undefined ? item : rewrite(item, here, folder)]
    })

const ports = eachItem((text, path) =>
  (parsedAt(withoutAddress(text, path), path, parsePorts) ?? []).map((port) => ({
    target: port.TargetPort ?? 0,
    ...(port.PublishedPort ? { published: port.PublishedPort } : {}),
    protocol: port.Protocol ?? 'tcp',
    mode: 'ingress',
  })),
)

/** `0.0.0.0:80:80` says no more than `80:80`; another address cannot be honoured, which is told later. */
function withoutAddress(text: string, path: Path): string {
  const parts = text.split(':')
  if (parts.length <= 2) return text
  const address = parts
    .slice(0, -2)
    .join(':')
    .replace(/^\[(.*)\]$/, '$1')
  if (address === '0.0.0.0' || address === '::' || address === '') return parts.slice(-2).join(':')
  throw invalidAt(path, `publishes on the address ${address}: ports are published on every address of a node`)
}

const volumes = eachItem(
  (text, path, folder) => [shortVolume(text, path, folder)],
  (item, path, folder) => {
    const volume = mapAt(item, path)
    const source = volume['source']
    const isRelativeBind = volume['type'] === 'bind' && typeof source === 'string' && !source.startsWith('~')
    return isRelativeBind ? { ...volume, source: absolutePath(source, folder) } : volume
  },
)

const envFiles: Rewrite = (tree, path, folder) =>
  (Array.isArray(tree) ? tree : [tree]).map((item, index) => {
    const here = [...path, String(index)]
    const file: TreeMap = isScalar(item) ? { path: String(item) } : mapAt(item, here)
    return { ...file, path: absolutePath(textAt(file['path'], here) ?? '', folder) }
  })

const healthTest: Rewrite = (tree, path) =>
  isScalar(tree) ? ['CMD-SHELL', String(tree)] : listAt(tree, path)

const SERVICE: Readonly<Record<string, Rewrite>> = {
  environment: pairs,
  labels: pairs,
  sysctls: pairs,
  extra_hosts: hosts,
  command: words,
  entrypoint: words,
  dns: texts,
  dns_search: texts,
  dns_opt: texts,
  tmpfs: texts,
  cap_add: texts,
  cap_drop: texts,
  group_add: texts,
  expose: texts,
  profiles: texts,
  env_file: envFiles,
  ports,
  volumes,
  secrets: eachItem((source) => [{ source }]),
  configs: eachItem((source) => [{ source }]),
  networks: named(null),
  depends_on: named({ condition: 'service_started' }),
  extends: (tree) => (isScalar(tree) ? { service: String(tree) } : tree),
  build: (tree) => (isScalar(tree) ? { context: String(tree) } : tree),
  ulimits: (tree, path) =>
    mapEach(tree, path, (limit) => (isScalar(limit) ? { soft: limit, hard: limit } : limit)),
  healthcheck: (tree, path, folder) => rewriteFields(mapAt(tree, path), { test: healthTest }, path, folder),
  deploy: (tree, path, folder) => rewriteFields(mapAt(tree, path), { labels: pairs }, path, folder),
}
