import { listing, naturalOrder } from '../../output/index.js'
import { stackFilter } from '../../stack/convert/names.js'
import { parseFilters } from '../../values/index.js'
import { argument, type Command, filterFlag, formatFlag, isOn, quietFlag, valueOf } from '../lib/command.js'
import { SERVICE_LISTING, serviceRow } from '../service/list.js'
import { withStack } from './filter.js'

export const command: Command = {
  usage: '[OPTIONS] STACK',
  description: 'List the services in the stack',
  examples: ['ctl stack services shop', 'ctl stack services --filter name=shop_web shop'],
  flags: [filterFlag, formatFlag, quietFlag],
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const stack = argument(args, 0)
    const filters = withStack(parseFilters(given.get('filter') ?? []), stackFilter(stack))
    const services = await io.client().services(filters, true)
    if (services.length === 0) return io.warn(`Nothing found in stack: ${stack}`)
    services.sort((left, right) => naturalOrder(left.Spec.Name ?? '', right.Spec.Name ?? ''))
    const options = { quiet: isOn(given, 'quiet'), format: valueOf(given, 'format') }
    for (const line of listing(SERVICE_LISTING, services.map(serviceRow), options)) io.print(line)
  },
}
