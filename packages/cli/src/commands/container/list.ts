import { ShoalError } from '@shoal/common/errors'
import type { ListedContainer } from '../../client/index.js'
import {
  ago,
  ellipsis,
  familiarImage,
  listing,
  type ListingStyle,
  type Row,
  shortId,
} from '../../output/index.js'
import { parseFilters, parseInteger } from '../../values/index.js'
import {
  type Command,
  filterFlag,
  formatFlag,
  isOn,
  noTruncFlag,
  quietFlag,
  valueOf,
} from '../lib/command.js'

const COMMAND_LENGTH = 20
const MS_PER_SECOND = 1000

const LISTING: ListingStyle = {
  headers: {
    ID: 'CONTAINER ID',
    Image: 'IMAGE',
    Command: 'COMMAND',
    RunningFor: 'CREATED',
    CreatedAt: 'CREATED AT',
    State: 'STATE',
    Status: 'STATUS',
    Ports: 'PORTS',
    Labels: 'LABELS',
    Node: 'NODE',
    Names: 'NAMES',
    Service: 'SERVICE',
    Task: 'TASK ID',
  },
  table: '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Node}}\t{{.Names}}',
}

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'List the containers of the cluster with their nodes',
  examples: ['ctl ps', 'ctl ps -a --filter service=web', `ctl ps --format '{{.Names}} {{.Node}}'`],
  flags: [
    { name: 'all', short: 'a', help: 'Show all containers (default shows just running)' },
    filterFlag,
    formatFlag,
    { name: 'last', short: 'n', value: 'int', help: 'Show n last created containers (includes all states)' },
    { name: 'latest', short: 'l', help: 'Show the latest created container (includes all states)' },
    noTruncFlag,
    quietFlag,
  ],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const last = isOn(given, 'latest') ? '1' : valueOf(given, 'last')
    const limit = last === undefined ? undefined : parseInteger(last)
    if (limit !== undefined && limit < 1) {
      throw new ShoalError('invalid-argument', `--last has to be 1 or more, not ${limit}`)
    }
    const containers = await io.client().containers.list({
      all: isOn(given, 'all') || limit !== undefined,
      ...(limit !== undefined && { limit }),
      filters: parseFilters(given.get('filter') ?? []),
    })
    const style = { whole: isOn(given, 'no-trunc'), nowMs: io.clock.now() }
    const rows = containers.map((container) => containerRow(container, style))
    const options = { quiet: isOn(given, 'quiet'), format: valueOf(given, 'format') }
    for (const line of listing(LISTING, rows, options)) io.print(line)
  },
}

/** One line of the list. */
export function containerRow(
  container: ListedContainer,
  { whole, nowMs }: { whole: boolean; nowMs: number },
): Row {
  const { Id, Names, Image, Command: line, Created, Labels, State, Status } = container
  // The manager calls a container `/<host>/<name>`.
  const [node = '', name = ''] = (Names[0] ?? '').split('/').slice(1)
  const created = new Date(Created * MS_PER_SECOND).toISOString()
  return {
    ID: whole ? Id : shortId(Id),
    Image: whole ? Image : familiarImage(Image),
    Command: JSON.stringify(whole ? line : ellipsis(line, COMMAND_LENGTH)),
    RunningFor: ago(created, nowMs),
    CreatedAt: created,
    State,
    Status,
    Ports: container.Ports.map(portText).join(', '),
    Labels: Object.entries(Labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Node: node,
    Names: name,
    Service: Labels['com.docker.swarm.service.name'] ?? '',
    Task: Labels['com.docker.swarm.task.id'] ?? '',
  }
}

function portText({ IP, PrivatePort, PublicPort, Type }: ListedContainer['Ports'][number]): string {
  const target = `${PrivatePort}/${Type}`
  return PublicPort === undefined ? target : `${IP ?? ''}:${PublicPort}->${target}`
}
