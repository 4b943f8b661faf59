import type { Command } from '../lib/command.js'
import { COMPOSE_FLAGS, readCompose } from './compose.js'

/** Variables have been put in: what is left of dollar signs stands for itself. */
function escaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$')
  if (Array.isArray(value)) return value.map(escaped)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, escaped(field)]))
}

export const command: Command = {
  usage: '[OPTIONS]',
  description:
    'Output the Compose files as they are understood: merged into one, with variables put in,\n' +
    'in long syntax, without the services of profiles that are not enabled.',
  examples: [
    'ctl stack config -c compose.yaml -c production.yaml',
    'ctl stack config -c compose.yaml | ctl stack deploy -c - shop',
  ],
  flags: COMPOSE_FLAGS,
  arguments: { least: 0, most: 0 },
  async run(invocation) {
    const { tree } = await readCompose(invocation, 'stack')
    const { stringify } = await import('yaml')
    invocation.io.print(stringify(escaped(tree), { aliasDuplicateObjects: false }).trimEnd())
  },
}
