import type { ClusterEvent } from '../../client/index.js'
import { compileTemplate, goJson } from '../../output/index.js'
import { parseFilters, parseInstant } from '../../values/index.js'
import { type Command, filterFlag, type FlagText, valueOf } from '../lib/command.js'

const FLAGS: readonly FlagText[] = [
  filterFlag,
  { name: 'format', value: 'string', help: 'Format output: "json" or a Go template' },
  { name: 'since', value: 'string', help: 'Show all events created since timestamp' },
  { name: 'until', value: 'string', help: 'Stream events until this timestamp' },
]

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'Get real time events from the cluster',
  examples: [
    'ctl events',
    'ctl events --since 10m --until 0s -f type=node',
    `ctl events --format '{{.Action}}'`,
  ],
  flags: FLAGS,
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const nowMs = io.clock.now()
    const instant = (name: string): string | undefined => {
      const text = valueOf(given, name)
      return text === undefined ? undefined : parseInstant(text, nowMs)
    }
    const format = valueOf(given, 'format')
    const render = format ? (format === 'json' ? goJson : compileTemplate(format)) : eventLine
    const query = {
      since: instant('since'),
      until: instant('until'),
      filters: parseFilters(given.get('filter') ?? []),
    }
    await io.untilInterrupted((signal) =>
      io.client().events(query, (event) => io.print(render(event)), signal),
    )
  },
}

/** One event in one line, as docker prints it. */
export function eventLine({ Type, Action, Actor, timeNano }: ClusterEvent): string {
  const attributes = Object.entries(Actor.Attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
  const at = new Date(timeNano / 1_000_000).toISOString()
  const shown = attributes.length > 0 ? ` (${attributes.join(', ')})` : ''
  return `${at} ${Type} ${Action} ${Actor.ID}${shown}`
}
