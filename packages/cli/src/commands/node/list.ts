import type { Node } from '@shoal/engine-api'
import type { Info } from '../../client/index.js'
import { capitalised, listing, type ListingStyle, naturalOrder, type Row } from '../../output/index.js'
import { parseFilters } from '../../values/index.js'
import { type Command, filterFlag, formatFlag, isOn, quietFlag, valueOf } from '../lib/command.js'

const LISTING: ListingStyle = {
  headers: {
    ID: 'ID',
    Self: '',
    Hostname: 'HOSTNAME',
    Status: 'STATUS',
    Availability: 'AVAILABILITY',
    ManagerStatus: 'MANAGER STATUS',
    EngineVersion: 'ENGINE VERSION',
    TLSStatus: 'TLS STATUS',
  },
  table:
    '{{.ID}} {{if .Self}}*{{else}} {{ end }}\t{{.Hostname}}\t{{.Status}}\t{{.Availability}}\t{{.ManagerStatus}}\t{{.EngineVersion}}',
}

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'List nodes in the swarm',
  examples: [
    'ctl node ls',
    'ctl node ls --filter role=worker',
    `ctl node ls --format '{{.Hostname}} {{.Status}}'`,
  ],
  flags: [filterFlag, formatFlag, quietFlag],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const client = io.client()
    const quiet = isOn(given, 'quiet')
    const nodes = await client.nodes(parseFilters(given.get('filter') ?? []))
    const info = quiet || nodes.length === 0 ? {} : await client.info()
    nodes.sort((a, b) => naturalOrder(a.Description.Hostname, b.Description.Hostname))
    const rows = nodes.map((node) => nodeRow(node, info))
    for (const line of listing(LISTING, rows, { quiet, format: valueOf(given, 'format') })) io.print(line)
  },
}

/** One line of the list. */
export function nodeRow(node: Node, info: Info): Row {
  const manager = node.ManagerStatus
  return {
    ID: node.ID,
    Self: node.ID === info.Swarm?.NodeID,
    Hostname: node.Description.Hostname,
    Status: capitalised(node.Status.State),
    Availability: capitalised(node.Spec.Availability ?? ''),
    ManagerStatus: manager?.Leader ? 'Leader' : capitalised(manager?.Reachability ?? ''),
    EngineVersion: node.Description.Engine.EngineVersion,
    TLSStatus: tlsStatus(node, info),
  }
}

function tlsStatus(node: Node, info: Info): string {
  const ours = info.Swarm?.Cluster?.TLSInfo
  const theirs = node.Description.TLSInfo
  if (!ours?.TrustRoot || !theirs?.TrustRoot) return 'Unknown'
  const same =
    ours.TrustRoot === theirs.TrustRoot &&
    ours.CertIssuerSubject === theirs.CertIssuerSubject &&
    ours.CertIssuerPublicKey === theirs.CertIssuerPublicKey
  return same ? 'Ready' : 'Needs Rotation'
}
