import { ShoalError } from '@shoal/common/errors'
import type { Document, Node, ScalarTag } from 'yaml'
import { isMap, mapAt, type Tree, type TreeMap } from './tree.js'

/** One Compose file as it is written, with the places whose value takes the place of what other files say. */
export interface ComposeFile {
  readonly tree: TreeMap
  /** `services.web.ports`, marked `!reset`: nothing is there after a merge. */
  readonly reset: ReadonlySet<string>
  /** Marked `!override`: what stands there is not merged. */
  readonly override: ReadonlySet<string>
}

/** Modes are written `0444` in Compose files, as YAML 1.1 and the docker CLI read them. */
const OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
}

const MARKS = ['!reset', '!override'] as const

/**
 * Reads the text of a Compose file. The library is loaded here, so that other commands start without it.
 * @param name how messages call the file
 * @throws invalid-argument for text that is no YAML, or no mapping
 */
export async function readYaml(text: string, name: string): Promise<ComposeFile> {
  const { isMap: isMapNode, isScalar: isScalarNode, parseDocument } = await import('yaml')
  const document = parseDocument(text, {
    merge: true,
    logLevel: 'silent',
    customTags: (tags) => [OCTAL, ...tags],
  })
  const [problem] = document.errors
  if (problem) throw new ShoalError('invalid-argument', `${name}: ${problem.message.trim()}`)
  const marks = { '!reset': new Set<string>(), '!override': new Set<string>() }
  const walk = (node: unknown, path: readonly string[]): void => {
    for (const mark of MARKS) if ((node as Node | null)?.tag === mark) marks[mark].add(path.join('.'))
    if (!isMapNode(node)) return
    for (const { key, value } of node.items) if (isScalarNode(key)) walk(value, [...path, String(key.value)])
  }
  walk(document.contents, [])
  return { tree: plainTree(document, name), reset: marks['!reset'], override: marks['!override'] }
}

function plainTree(document: Document.Parsed, name: string): TreeMap {
  try {
    const tree = document.toJS({ maxAliasCount: 1000 }) as Tree
    if (tree !== null && !isMap(tree)) throw new Error('the top level must be a mapping')
    return mapAt(tree, [])
  } catch (error) {
    throw new ShoalError('invalid-argument', `${name}: ${(error as Error).message}`, error)
  }
}
