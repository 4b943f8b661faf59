import type { Command, FlagText } from '../commands/lib/command.js'
import type { Group, Leaf } from '../commands/tree.js'

const WIDTH = 80
const FLAG_WIDTH_LIMIT = 36

/** `ctl service create [OPTIONS] IMAGE …`. */
export function usageOf(path: readonly string[], command: Command): string {
  return `ctl ${path.join(' ')} ${command.usage}`
}

/** The help of one command: usage, what it does, its flags, examples. */
export function commandHelp(path: readonly string[], command: Command, aliases: readonly string[]): string {
  const parent = ['ctl', ...path.slice(0, -1)].join(' ')
  const names = [path.at(-1) ?? '', ...aliases].map((name) => `${parent} ${name}`)
  const sections = [
    `Usage:  ${usageOf(path, command)}`,
    command.description,
    aliases.length > 0 ? `Aliases:\n  ${names.join(', ')}` : '',
    command.flags.length > 0 ? `Options:\n${flagLines(command.flags).join('\n')}` : '',
    command.examples?.length ? `Examples:\n${command.examples.map((line) => `  ${line}`).join('\n')}` : '',
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

/** The help of ctl, or of one of its groups. */
export function groupHelp(
  path: readonly string[],
  summary: string,
  children: Readonly<Record<string, Group | Leaf>>,
): string {
  const name = ['ctl', ...path].join(' ')
  const shown = Object.entries(children).filter(([, entry]) => !('hidden' in entry && entry.hidden))
  const width = Math.max(...shown.map(([child]) => child.length)) + 2
  const lines = shown.map(([child, entry]) => `  ${child.padEnd(width)}${entry.summary}`)
  const globals = `Global Options:\n${flagLines(GLOBAL_FLAGS).join('\n')}`
  return `${[
    `Usage:  ${name} ${path.length === 0 ? '[OPTIONS] ' : ''}COMMAND`,
    summary,
    `Commands:\n${lines.join('\n')}`,
    ...(path.length === 0 ? [globals] : []),
    `Run '${name} COMMAND --help' for more information on a command.`,
  ].join('\n\n')}\n`
}

/** Those that stand before the command. */
export const GLOBAL_FLAGS: readonly FlagText[] = [
  {
    name: 'host',
    short: 'H',
    value: 'string',
    help: 'Manager to connect to (default $DOCKER_HOST, else the context, else unix:///run/shoal/manager.sock)',
  },
  {
    name: 'context',
    short: 'c',
    value: 'string',
    help: 'Context to use (default $SHOAL_CONTEXT, else the one set with "ctl context use"); $DOCKER_HOST overrides these defaults',
  },
  { name: 'version', short: 'v', help: 'Print version information and quit' },
]

function flagLines(flags: readonly FlagText[]): string[] {
  const sorted = flags.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const left = sorted.map(({ name, short, value }) => {
    const dashes = short === undefined ? '      ' : `  -${short}, `
    return `${dashes}--${name}${value === undefined ? '' : ` ${value}`}`
  })
  const column = Math.min(FLAG_WIDTH_LIMIT, Math.max(...left.map((text) => text.length))) + 3
  return sorted.flatMap(({ help }, index) => {
    const [first = '', ...more] = wrap(help, WIDTH - column)
    const start = left[index] ?? ''
    const head =
      start.length + 2 > column ? [start, ' '.repeat(column) + first] : [start.padEnd(column) + first]
    return [...head, ...more.map((line) => ' '.repeat(column) + line)]
  })
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
