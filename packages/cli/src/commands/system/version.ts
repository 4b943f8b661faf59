import { messageOf } from '@shoal/common/errors'
import type { Version } from '../../client/index.js'
import { compileTemplate } from '../../output/index.js'
import { type Command, inspectFormatFlag, valueOf } from '../lib/command.js'
import { cliVersion } from '../lib/version.js'

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'Show the version information of ctl and of the manager',
  examples: ['ctl version', `ctl version -f '{{.Server.Version}}'`],
  flags: [inspectFormatFlag],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const client = {
      Version: cliVersion(),
      NodeVersion: process.version,
      Os: process.platform,
      Arch: process.arch,
    }
    let server: Version | undefined
    let failure: unknown
    try {
      server = await io.client().version()
    } catch (error) {
      failure = error
    }
    const format = valueOf(given, 'format')
    const document = { Client: client, Server: server ?? null }
    if (format === 'json') io.print(JSON.stringify(document))
    else if (format) io.print(compileTemplate(format)(document))
    else {
      io.print(
        `Client:\n Version:           ${client.Version}\n Node version:      ${client.NodeVersion}\n OS/Arch:           ${client.Os}/${client.Arch}`,
      )
      if (server !== undefined) io.print(`\nServer:\n${serverText(server)}`)
    }
    if (server !== undefined) return 0
    io.warn(messageOf(failure))
    return 1
  },
}

/** The titles of an engine's details, in the order in which docker shows them. */
const ENGINE_DETAILS = [
  ['ApiVersion', 'API version'],
  ['GoVersion', 'Go version'],
  ['GitCommit', 'Git commit'],
  ['BuildTime', 'Built'],
  ['KernelVersion', 'Kernel version'],
] as const

function serverText(server: Version): string {
  const components = server.Components ?? [{ Name: 'Engine', Version: server.Version }]
  return components
    .flatMap(({ Name, Version, Details = {} }) => {
      const details = ENGINE_DETAILS.flatMap(([key, title]) => {
        const value = Details[key]
        const least =
          key === 'ApiVersion' && Details['MinAPIVersion']
            ? ` (minimum version ${Details['MinAPIVersion']})`
            : ''
        return value ? [`  ${`${title}:`.padEnd(18)}${value}${least}`] : []
      })
      const platform =
        Details['Os'] && Details['Arch'] ? [`  OS/Arch:          ${Details['Os']}/${Details['Arch']}`] : []
      return [` ${Name}:`, `  Version:          ${Version}`, ...details, ...platform]
    })
    .join('\n')
}
