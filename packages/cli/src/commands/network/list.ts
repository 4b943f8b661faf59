import type { Network } from '@shoal/engine-api'
import {
  listing,
  type ListingStyle,
  naturalOrder,
  prettyDate,
  type Row,
  shortId,
} from '../../output/index.js'
import { parseFilters } from '../../values/index.js'
import {
  type Command,
  filterFlag,
  formatFlag,
  isOn,
  noTruncFlag,
  quietFlag,
  valueOf,
} from '../lib/command.js'

const LISTING: ListingStyle = {
  headers: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
  table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
}

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'List networks',
  examples: [
    'ctl network ls',
    'ctl network ls --filter driver=overlay --filter dangling=true',
    `ctl network ls --format '{{.Name}}: {{.Labels}}'`,
  ],
  flags: [filterFlag, formatFlag, noTruncFlag, quietFlag],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const networks = await io.client().networks(parseFilters(given.get('filter') ?? []))
    networks.sort((a, b) => naturalOrder(a.Name, b.Name))
    const rows = networks.map((network) => networkRow(network, isOn(given, 'no-trunc')))
    const options = { quiet: isOn(given, 'quiet'), format: valueOf(given, 'format') }
    for (const line of listing(LISTING, rows, options)) io.print(line)
  },
}

/** One line of the list. */
function networkRow(network: Network, isWhole: boolean): Row {
  return {
    ID: isWhole ? network.Id : shortId(network.Id),
    Name: network.Name,
    Driver: network.Driver,
    Scope: network.Scope,
    IPv4: network.EnableIPv4,
    IPv6: network.EnableIPv6,
    Internal: network.Internal,
    Labels: Object.entries(network.Labels ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    CreatedAt: prettyDate(network.Created),
  }
}
