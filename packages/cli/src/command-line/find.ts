import type { Group, Leaf } from '../commands/tree.js'

/** Flags that stand before the command and take a value. */
const VALUED_GLOBALS = new Set(['-H', '--host', '-c', '--context'])

export interface Found {
  /** The names on the way, with aliases replaced. */
  path: string[]
  leaf: Leaf | undefined
  /** How many words of the command line lead to the command. */
  length: number
  /** A word that should name a command and does not. */
  unknown?: string
}

type Tree = Readonly<Record<string, Group | Leaf>>

/** Follows the words of a command line down the tree of commands. */
export function findCommand(words: readonly string[], tree: Tree): Found {
  const path: string[] = []
  let level: Tree = tree
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (VALUED_GLOBALS.has(word)) at++
    if (word.startsWith('-')) continue
    const name = Object.keys(level).find((key) => key === word || aliasesOf(level[key]).includes(word))
    const next = name === undefined ? undefined : level[name]
    if (name === undefined || next === undefined)
      return { path, leaf: undefined, length: words.length, unknown: word }
    path.push(name)
    if ('load' in next) return { path, leaf: next, length: at + 1 }
    level = next.children
  }
  return { path, leaf: undefined, length: words.length }
}

/** `ctl help service create` and `ctl service help` are other words for `ctl service create --help`. */
export function withHelpFlag(words: readonly string[], tree: Tree): readonly string[] {
  const at = words.indexOf('help')
  if (at < 0) return words
  const before = findCommand(words.slice(0, at), tree)
  if (before.leaf !== undefined || before.unknown !== undefined) return words
  return [...words.slice(0, at), ...words.slice(at + 1), '--help']
}

function aliasesOf(entry: Group | Leaf | undefined): readonly string[] {
  return entry !== undefined && 'load' in entry ? (entry.aliases ?? []) : []
}
