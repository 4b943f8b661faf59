import { ShoalError } from '@shoal/common/errors'
import { type Command, inspectFormatFlag, isOn, valueOf } from '../lib/command.js'
import { inspect } from '../lib/inspect.js'
import { nodeReference } from '../lib/node-ref.js'
import { prettyNode } from './pretty.js'

export const command: Command = {
  usage: '[OPTIONS] self|NODE [NODE...]',
  description: 'Display detailed information on one or more nodes',
  examples: ['ctl node inspect --pretty self', `ctl node inspect -f '{{.Status.State}}' host-2`],
  flags: [inspectFormatFlag, { name: 'pretty', help: 'Print the information in a human friendly format' }],
  arguments: { least: 1 },
  async run({ args, given, io }) {
    const client = io.client()
    const format = valueOf(given, 'format')
    const get = async (ref: string) => client.node(await nodeReference(client, ref))
    if (!isOn(given, 'pretty')) return inspect(args, format, get, io)
    if (format)
      throw new ShoalError('invalid-argument', '--format is incompatible with human friendly format')
    for (const ref of args) io.print(prettyNode(await get(ref)))
  },
}
