import type { StringMap } from '@shoal/engine-api'
import { booleanAt, mapAt, type Path, textAt, type Tree, type TreeMap } from '../read/tree.js'

export const NAMESPACE_LABEL = 'com.docker.stack.namespace'
export const IMAGE_LABEL = 'com.docker.stack.image'

/** The name of an object of a stack in the cluster: `name`, or that of the file with the stack's before it. */
export function objectName(stack: string, name: string, resource: TreeMap, path: Path): string {
  const own = textAt(resource['name'], [...path, 'name'])
  if (own !== undefined && own !== '') return own
  return isExternal(resource, path) ? name : `${stack}_${name}`
}

/** Whether somebody else makes it. */
export function isExternal(resource: TreeMap, path: Path): boolean {
  return booleanAt(resource['external'], [...path, 'external']) ?? false
}

/** A mapping of texts; a key without a value has the empty one. */
export function textMap(tree: Tree | undefined, path: Path): StringMap {
  return Object.fromEntries(
    Object.entries(mapAt(tree, path)).map(([key, value]) => [key, textAt(value, [...path, key]) ?? '']),
  )
}

/** The labels of an object, with that of its stack. */
export function stackLabels(stack: string, labels: Tree | undefined, path: Path): StringMap {
  return { ...textMap(labels, path), [NAMESPACE_LABEL]: stack }
}

/** The filter that finds what belongs to a stack. */
export const stackFilter = (stack: string): Record<string, string[]> => ({
  label: [`${NAMESPACE_LABEL}=${stack}`],
})
