import { messageOf } from '@shoal/common/errors'
import { findEndpoint } from '../../client/index.js'
import { DEFAULT_CONTEXT } from '../../contexts/index.js'
import { listing, type ListingStyle, type Row } from '../../output/index.js'
import { type Command, formatFlag, type Io, isOn, valueOf } from '../lib/command.js'

const LISTING: ListingStyle = {
  headers: {
    Name: 'NAME',
    Current: '',
    Description: 'DESCRIPTION',
    DockerEndpoint: 'DOCKER ENDPOINT',
    Error: 'ERROR',
  },
  table: '{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}',
}
const DEFAULT_DESCRIPTION = 'The DOCKER_HOST of the environment, or the local socket'

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'List contexts; the one that is in force has a star',
  flags: [formatFlag, { name: 'quiet', short: 'q', help: 'Only show context names' }],
  arguments: { least: 0, most: 0 },
  run({ given, io }) {
    const rows = [DEFAULT_CONTEXT, ...io.contexts().names()].map((name) => contextRow(name, io))
    if (isOn(given, 'quiet')) for (const row of rows) io.print(String(row['Name']))
    else for (const line of listing(LISTING, rows, { format: valueOf(given, 'format') })) io.print(line)
    return Promise.resolve()
  },
}

function contextRow(name: string, io: Io): Row {
  const row = {
    Name: name,
    Current: name === io.contextName(),
    Description: '',
    DockerEndpoint: '',
    Error: '',
  }
  try {
    if (name === DEFAULT_CONTEXT) {
      const { shown } = findEndpoint(undefined, io.environment)
      return { ...row, Description: DEFAULT_DESCRIPTION, DockerEndpoint: shown }
    }
    const { description, host } = io.contexts().get(name)
    return { ...row, Description: description, DockerEndpoint: host }
  } catch (error) {
    return { ...row, Error: messageOf(error) }
  }
}
