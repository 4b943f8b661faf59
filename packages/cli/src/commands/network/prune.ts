import { parseFilters } from '../../values/index.js'
import { type Command, isOn } from '../lib/command.js'

const WARNING =
  'WARNING! This will remove all networks of the cluster that no service or task uses.\n' +
  'Are you sure you want to continue? [y/N]'

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'Remove all unused networks',
  examples: ['ctl network prune', 'ctl network prune --force --filter until=24h'],
  flags: [
    { name: 'filter', value: 'filter', help: 'Provide filter values (e.g. "until=<timestamp>")' },
    { name: 'force', short: 'f', help: 'Do not prompt for confirmation' },
  ],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    if (!isOn(given, 'force') && !(await io.confirm(WARNING))) return
    const removed = await io.client().pruneNetworks(parseFilters(given.get('filter') ?? []))
    if (removed.length === 0) return
    io.print('Deleted Networks:')
    for (const name of removed) io.print(name)
  },
}
