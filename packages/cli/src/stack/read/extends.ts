import { dirname } from 'node:path'
import { ShoalError } from '@shoal/common/errors'
import { absolutePath } from './canonical.js'
import { mergeServices } from './merge.js'
import { mapAt, textAt, type TreeMap } from './tree.js'
import type { ComposeFile } from './yaml.js'

/** A file in long syntax, with where it is. */
export interface LoadedFile extends ComposeFile {
  /** Absolute. */
  readonly path: string
}

/** Reads another file into long syntax. */
export type LoadFile = (path: string) => Promise<LoadedFile>

/**
 * A file whose services have taken over what they extend.
 * @throws invalid-argument for a service that does not exist, or that extends itself
 */
export async function withExtends(file: LoadedFile, load: LoadFile): Promise<LoadedFile> {
  const services: TreeMap = {}
  for (const name of Object.keys(mapAt(file.tree['services'], ['services']))) {
    services[name] = await extended(file, name, load, [])
  }
  return { ...file, tree: { ...file.tree, ...('services' in file.tree && { services }) } }
}

async function extended(
  file: LoadedFile,
  name: string,
  load: LoadFile,
  seen: readonly string[],
): Promise<TreeMap> {
  const path = ['services', name]
  const place = `${file.path}:${name}`
  if (seen.includes(place)) {
    throw new ShoalError(
      'invalid-argument',
      `service ${name} extends itself: ${[...seen, place].join(' → ')}`,
    )
  }
  const { extends: reference, ...service } = mapAt(mapAt(file.tree['services'], ['services'])[name], path)
  if (reference === undefined || reference === null) return service
  const { service: baseName, file: baseFile } = mapAt(reference, [...path, 'extends'])
  const wanted = textAt(baseName, [...path, 'extends', 'service']) ?? name
  const other = textAt(baseFile, [...path, 'extends', 'file'])
  const from = other === undefined ? file : await load(absolutePath(other, dirname(file.path)))
  if (!(wanted in mapAt(from.tree['services'], ['services']))) {
    throw new ShoalError(
      'invalid-argument',
      `cannot extend service ${JSON.stringify(wanted)} in ${from.path}: service not found`,
    )
  }
  const base = await extended(from, wanted, load, [...seen, place])
  return mergeServices(base, service, file, path)
}
