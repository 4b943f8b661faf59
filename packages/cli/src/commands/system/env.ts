import { join } from 'node:path'
import { readManagerConfig, stateFolder } from '../../daemon/index.js'
import { type Command, isOn, valueOf } from '../lib/command.js'

const VARIABLES = ['DOCKER_HOST', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH'] as const

export const command: Command = {
  usage: '[OPTIONS]',
  description: `Print the exports that point the docker CLI at the cluster`,
  examples: [
    'eval "$(ctl env)"          # from now on, docker talks to the cluster',
    'eval "$(ctl env --unset)"',
  ],
  flags: [
    {
      name: 'state-dir',
      value: 'string',
      help: 'Where the manager keeps its state (default /var/lib/shoal)',
    },
    { name: 'unset', help: 'Unset the variables instead' },
  ],
  arguments: { least: 0, most: 0 },
  run({ given, io }) {
    if (isOn(given, 'unset')) {
      io.print(
        `${VARIABLES.map((name) => `unset ${name}`).join('\n')}\n# Run this command to configure your shell:\n# eval "$(ctl env --unset)"`,
      )
      return Promise.resolve()
    }
    const folder = stateFolder(valueOf(given, 'state-dir'), io.environment)
    const { apiAddress } = readManagerConfig(folder)
    const port = apiAddress.slice(apiAddress.lastIndexOf(':') + 1)
    io.print(
      [
        `export DOCKER_HOST=tcp://127.0.0.1:${port}`,
        'export DOCKER_TLS_VERIFY=1',
        `export DOCKER_CERT_PATH=${shellQuoted(join(folder, 'client'))}`,
        '# Run this command to configure your shell:',
        '# eval "$(ctl env)"',
      ].join('\n'),
    )
    return Promise.resolve()
  },
}

function shellQuoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
