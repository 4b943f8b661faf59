import { dirname, join, resolve } from 'node:path'
import { messageOf, ShoalError } from '@shoal/common/errors'
import { canonicalFile } from './canonical.js'
import { parseEnvFile } from './env-file.js'
import { type LoadedFile, withExtends } from './extends.js'
import { interpolateTree, type Lookup, type Variables } from './interpolate.js'
import { findKeyProblems } from './keys.js'
import { mergeFiles } from './merge.js'
import { booleanAt, mapAt, textAt, textsAt, type TreeMap } from './tree.js'
import { readYaml } from './yaml.js'

/** What reading may look at. */
export interface Files {
  /** @returns the text of a file (`-` is what comes from standard input) @throws when it cannot be read */
  read(path: string): string
  /** Like `read`, for files that need not be text. */
  readBytes(path: string): Buffer
  exists(path: string): boolean
}

export interface ReadOptions {
  readonly stack: string
  /** Compose files in the order of their merging; at least one. */
  readonly composeFiles: readonly string[]
  /** Files of variables; `.env` beside the first Compose file when there are none. */
  readonly envFiles: readonly string[]
  readonly profiles: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly files: Files
}

/** All that the Compose files say of a stack, in long syntax. */
export interface Project {
  readonly stack: string
  /** Only the services that the profiles enable. */
  readonly tree: TreeMap
  /** Places that a cluster cannot honour. */
  readonly refused: readonly string[]
  readonly warnings: readonly string[]
  readonly lookup: Lookup
  readonly files: Files
}

const STDIN = '-'
const ALL_PROFILES = '*'
const STARTED = 'service_started'

/**
 * Reads, interpolates, extends and merges the Compose files of a stack.
 * @throws invalid-argument with the place for what cannot be understood
 */
export async function readProject(options: ReadOptions): Promise<Project> {
  const [first = ''] = options.composeFiles
  const folder = first === STDIN ? resolve('.') : dirname(resolve(first))
  const lookup = makeLookup(options, folder)
  const missing = new Set<string>()
  const variables: Variables = { lookup, missing: (name) => void missing.add(name) }
  const load = (path: string, base: string): Promise<LoadedFile> =>
    loadFile(path, base, variables, options.files)
  let tree: TreeMap = {}
  for (const name of options.composeFiles) {
    const path = name === STDIN ? join(folder, STDIN) : resolve(name)
    const file = await withExtends(await load(name === STDIN ? STDIN : path, folder), (other) =>
      load(other, dirname(other)),
    )
    tree = mergeFiles(tree, file.tree, file)
  }
  const profiles = [...options.profiles, ...(lookup('COMPOSE_PROFILES') ?? '').split(',')].filter(Boolean)
  tree = withProfiles(tree, new Set(profiles))
  const { refused, unknown } = findKeyProblems(tree)
  const [stranger] = unknown
  if (stranger !== undefined) {
    throw new ShoalError(
      'invalid-argument',
      `${unknown.join(', ')}: no such ${unknown.length === 1 ? 'key' : 'keys'} in a Compose file`,
    )
  }
  return {
    stack: options.stack,
    tree,
    refused: [...refused, ...refusedConditions(tree)],
    warnings: [...missing].map(
      (name) => `The ${JSON.stringify(name)} variable is not set. Defaulting to a blank string.`,
    ),
    lookup,
    files: options.files,
  }
}

async function loadFile(
  name: string,
  folder: string,
  variables: Variables,
  files: Files,
): Promise<LoadedFile> {
  const source = await readYaml(readText(files, name), name)
  const interpolated = mapAt(interpolateTree(source.tree, variables), [])
  const path = name === STDIN ? join(folder, STDIN) : name
  return { ...source, tree: canonicalFile(interpolated, folder), path }
}

/** Reads a file that the user has named. @throws invalid-argument when it cannot be read */
export function readText(files: Files, path: string): string {
  try {
    return files.read(path)
  } catch (error) {
    throw new ShoalError('invalid-argument', messageOf(error), error)
  }
}

function makeLookup({ environment, envFiles, files, stack }: ReadOptions, folder: string): Lookup {
  const variables = new Map<string, string | undefined>([['COMPOSE_PROJECT_NAME', stack]])
  const dotEnv = join(folder, '.env')
  const paths = envFiles.length > 0 ? envFiles : files.exists(dotEnv) ? [dotEnv] : []
  const lookup: Lookup = (name) => environment[name] ?? variables.get(name)
  for (const path of paths) {
    for (const [name, value] of parseEnvFile(readText(files, path), path, lookup)) variables.set(name, value)
  }
  return lookup
}

/** Without the services that want a profile that nobody has asked for. */
function withProfiles(tree: TreeMap, profiles: ReadonlySet<string>): TreeMap {
  const all = Object.entries(mapAt(tree['services'], ['services']))
  const enabled = all.filter(([name, service]) => {
    const path = ['services', name]
    const wanted = textsAt(mapAt(service, path)['profiles'], [...path, 'profiles'])
    return (
      wanted.length === 0 || profiles.has(ALL_PROFILES) || wanted.some((profile) => profiles.has(profile))
    )
  })
  const services = Object.fromEntries(enabled)
  for (const [name, service] of enabled) {
    const path = ['services', name, 'depends_on']
    for (const [other, condition] of Object.entries(mapAt(mapAt(service, path)['depends_on'], path))) {
      const required = booleanAt(mapAt(condition, path)['required'], path) ?? true
      if (required && !(other in services)) {
        const why = all.some(([known]) => known === other)
          ? 'is not enabled by any profile'
          : 'does not exist'
        throw new ShoalError('invalid-argument', `service ${name} depends on ${other}, which ${why}`)
      }
    }
  }
  return { ...tree, services }
}

/** A cluster starts services in order, and waits for none of them. */
function refusedConditions(tree: TreeMap): string[] {
  const services = Object.entries(mapAt(tree['services'], ['services']))
  return services.flatMap(([name, service]) => {
    const path = ['services', name, 'depends_on']
    const needs = Object.entries(mapAt(mapAt(service, path)['depends_on'], path))
    return needs
      .map(([other, need]) => [other, textAt(mapAt(need, path)['condition'], path) ?? STARTED] as const)
      .filter(([, condition]) => condition !== STARTED)
      .map(([other, condition]) => `${path.join('.')}.${other}.condition (${condition})`)
  })
}
