import { type Command, inspectFormatFlag, isOn, valueOf } from '../lib/command.js'
import { inspect } from '../lib/inspect.js'

export const command: Command = {
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  description: 'Display detailed information on one or more networks',
  examples: [
    'ctl network inspect front',
    'ctl network inspect --verbose front   # with its services and their tasks',
    `ctl network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' front`,
  ],
  flags: [inspectFormatFlag, { name: 'verbose', short: 'v', help: 'Verbose output for diagnostics' }],
  arguments: { least: 1 },
  async run({ args, given, io }) {
    const client = io.client()
    const verbose = isOn(given, 'verbose')
    await inspect(args, valueOf(given, 'format'), (ref) => client.inspectNetwork(ref, verbose), io)
  },
}
