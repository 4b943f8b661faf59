import type { Command, FlagText, Io } from '../commands/lib/command.js'
import type { Group, Leaf } from '../commands/tree.js'
import type { Globals } from '../contexts/index.js'
import { GLOBAL_FLAGS } from '../command-line/help.js'
import { type NameKind, namesOf } from './names.js'
import { SHELLS } from './scripts.js'
import type { Candidate } from './words.js'

type Tree = Readonly<Record<string, Group | Leaf>>

/** What a word stands for: a name that somebody else knows, or one of a few words. */
type Meaning = NameKind | readonly string[]

/** What the arguments of commands are, by the words that lead there. */
const ARGUMENTS: Readonly<Record<string, Meaning>> = {
  'config inspect': 'config',
  'config rm': 'config',
  'context inspect': 'context',
  'context rm': 'context',
  'context use': 'context',
  'network inspect': 'network',
  'network rm': 'network',
  'node demote': 'node',
  'node inspect': 'node',
  'node promote': 'node',
  'node ps': 'node',
  'node rm': 'node',
  'node update': 'node',
  'secret inspect': 'secret',
  'secret rm': 'secret',
  'service explain': 'service',
  'service inspect': 'service',
  'service logs': 'service',
  'service ps': 'service',
  'service rebalance': 'service',
  'service rm': 'service',
  'service rollback': 'service',
  'service scale': 'service',
  'service update': 'service',
  'stack deploy': 'stack',
  'stack plan': 'stack',
  'stack ps': 'stack',
  'stack rm': 'stack',
  'stack services': 'stack',
  'swarm join-token': ['worker', 'manager'],
  completion: SHELLS,
  exec: 'container',
  logs: 'container',
}

const ORDERS = ['start-first', 'stop-first']
const CONDITIONS = ['any', 'none', 'on-failure']

/** What the values of flags are, by the flags' names. */
const VALUES: Readonly<Record<string, Meaning>> = {
  availability: ['active', 'drain', 'pause'],
  config: 'config',
  'config-rm': 'config',
  context: 'context',
  'endpoint-mode': ['dnsrr', 'vip'],
  from: 'context',
  mode: ['global', 'global-job', 'replicated', 'replicated-job'],
  network: 'network',
  'network-add': 'network',
  'network-rm': 'network',
  node: 'node',
  'restart-condition': CONDITIONS,
  role: ['manager', 'worker'],
  'rollback-failure-action': ['continue', 'pause'],
  'rollback-order': ORDERS,
  secret: 'secret',
  'secret-rm': 'secret',
  'update-failure-action': ['continue', 'pause', 'rollback'],
  'update-order': ORDERS,
}

/**
 * What may stand where the user types.
 * @param words those after `ctl`; the last one is being typed, and may be empty
 */
export async function complete(
  words: readonly string[],
  tree: Tree,
  ioFor: (globals: Globals) => Io,
): Promise<readonly Candidate[]> {
  const typed = words.at(-1) ?? ''
  const place = placeOf(words.slice(0, -1), tree)
  const context: Asked = { typed, io: () => ioFor(place.globals) }
  if (place.kind === 'nowhere') return []
  if (place.kind === 'value') return valueOf(place.flag, typed, '', context)
  if (place.kind === 'group')
    return beginning(typed, [...childrenOf(place.children, typed), ...flagsOf(GLOBAL_FLAGS, typed)])
  return ofCommand(place, context)
}

interface Asked {
  readonly typed: string
  readonly io: () => Io
}

type Place = { readonly globals: Globals } & (
  | { readonly kind: 'nowhere' }
  /** Behind a flag of ctl itself that takes a value. */
  | { readonly kind: 'value'; readonly flag: string }
  | { readonly kind: 'group'; readonly children: Tree }
  | {
      readonly kind: 'command'
      readonly path: readonly string[]
      readonly leaf: Leaf
      readonly rest: readonly string[]
    }
)

/** Follows what stands before the typed word down the tree of commands. */
function placeOf(before: readonly string[], tree: Tree): Place {
  const path: string[] = []
  let globals: Globals = {}
  let children = tree
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? ''
    const flag = GLOBAL_FLAGS.find(({ name, short }) => word === `--${name}` || word === `-${short}`)
    if (flag?.value !== undefined) {
      const value = before[++at]
      if (value === undefined) return { kind: 'value', flag: flag.name, globals }
      globals = { ...globals, [flag.name]: value }
    }
    if (word.startsWith('-')) continue
    const found = Object.entries(children).find(
      ([name, entry]) => name === word || ('load' in entry && entry.aliases?.includes(word)),
    )
    if (!found) return { kind: 'nowhere', globals }
    const [name, entry] = found
    path.push(name)
    if ('load' in entry) return { kind: 'command', path, leaf: entry, rest: before.slice(at + 1), globals }
    children = entry.children
  }
  return { kind: 'group', children, globals }
}

async function ofCommand(
  { path, leaf, rest }: Extract<Place, { kind: 'command' }>,
  asked: Asked,
): Promise<readonly Candidate[]> {
  const { command } = await leaf.load()
  const { typed } = asked
  const last = rest.at(-1) ?? ''
  const waiting = command.flags.find((flag) => flag.value !== undefined && spelled(flag).includes(last))
  const over = isOver(rest, command)
  if (waiting && !over) return valueOf(waiting.name, typed, '', asked)
  const [, name = '', part] = /^--([^=]+)=(.*)$/.exec(typed) ?? []
  if (part !== undefined && !over) return valueOf(name, part, `--${name}=`, asked)
  if (typed.startsWith('-') && !over) return beginning(typed, flagsOf(command.flags, typed))
  // What follows the container of an exec is a command line of its own.
  if (over && command.endsAtArgument) return []
  const names = await meant(ARGUMENTS[path.join(' ')], asked)
  const suffix = path.join(' ') === 'service scale' ? '=' : ''
  const given = new Set(rest)
  return beginning(
    typed,
    names.filter((text) => !given.has(text)).map((text) => ({ text: text + suffix, help: '' })),
  )
}

/** Whether flags are over: behind `--`, or behind the first argument of a command that ends there. */
function isOver(rest: readonly string[], { flags, endsAtArgument }: Command): boolean {
  const valued = new Set(flags.filter(({ value }) => value !== undefined).flatMap(spelled))
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? ''
    if (word === '--') return true
    if (valued.has(word)) at++
    else if (endsAtArgument && !word.startsWith('-')) return true
  }
  return false
}

const spelled = ({ name, short }: FlagText): string[] =>
  short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]

async function valueOf(
  flag: string,
  typed: string,
  prefix: string,
  asked: Asked,
): Promise<readonly Candidate[]> {
  const values = await meant(VALUES[flag], asked)
  return beginning(
    typed,
    values.map((text) => ({ text, help: '' })),
  ).map(({ text, help }) => ({ text: prefix + text, help }))
}

async function meant(meaning: Meaning | undefined, { io }: Asked): Promise<readonly string[]> {
  if (meaning === undefined) return []
  return typeof meaning === 'string' ? namesOf(meaning, io()) : meaning
}

function childrenOf(children: Tree, typed: string): Candidate[] {
  if (typed.startsWith('-')) return []
  return Object.entries(children)
    .filter(([, entry]) => !('hidden' in entry && entry.hidden))
    .map(([text, { summary }]) => ({ text, help: summary }))
}

function flagsOf(flags: readonly FlagText[], typed: string): Candidate[] {
  if (!typed.startsWith('-')) return []
  return [...flags, { name: 'help', help: 'Print usage' }].map(({ name, help }) => ({
    text: `--${name}`,
    help,
  }))
}

const beginning = (typed: string, candidates: readonly Candidate[]): Candidate[] =>
  candidates.filter(({ text }) => text.startsWith(typed))
