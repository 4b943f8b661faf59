import { listing, type ListingStyle, naturalOrder } from '../../output/index.js'
import { NAMESPACE_LABEL } from '../../stack/convert/names.js'
import { type Command, formatFlag, valueOf } from '../lib/command.js'

const LISTING: ListingStyle = {
  headers: { Name: 'NAME', Services: 'SERVICES' },
  table: '{{.Name}}\t{{.Services}}',
}

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'List stacks',
  examples: ['ctl stack ls', `ctl stack ls --format '{{.Name}}'`],
  flags: [formatFlag],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const counts = new Map<string, number>()
    for (const { Spec } of await io.client().services({ label: [NAMESPACE_LABEL] })) {
      const stack = Spec.Labels?.[NAMESPACE_LABEL] ?? ''
      counts.set(stack, (counts.get(stack) ?? 0) + 1)
    }
    const rows = [...counts]
      .map(([Name, Services]) => ({ Name, Services }))
      .sort((left, right) => naturalOrder(left.Name, right.Name))
    for (const line of listing(LISTING, rows, { format: valueOf(given, 'format') })) io.print(line)
  },
}
