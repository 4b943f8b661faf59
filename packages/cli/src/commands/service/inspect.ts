import { ShoalError } from '@shoal/common/errors'
import { type Command, inspectFormatFlag, isOn, valueOf } from '../lib/command.js'
import { inspect } from '../lib/inspect.js'
import { prettyService } from './pretty.js'

export const command: Command = {
  usage: '[OPTIONS] SERVICE [SERVICE...]',
  description: 'Display detailed information on one or more services',
  examples: ['ctl service inspect --pretty web', `ctl service inspect -f '{{json .UpdateStatus}}' web`],
  flags: [inspectFormatFlag, { name: 'pretty', help: 'Print the information in a human friendly format' }],
  arguments: { least: 1 },
  async run({ args, given, io }) {
    const client = io.client()
    const format = valueOf(given, 'format')
    if (!isOn(given, 'pretty')) return inspect(args, format, (ref) => client.service(ref, true), io)
    if (format)
      throw new ShoalError('invalid-argument', '--format is incompatible with human friendly format')
    for (const ref of args) {
      const service = await client.service(ref, true)
      const networks: string[] = []
      for (const { Target = '' } of service.Spec.TaskTemplate?.Networks ?? []) {
        networks.push(await networkName(() => client.network(Target), Target))
      }
      io.print(prettyService(service, networks, io.clock.now()))
    }
  },
}

/** A network that was removed, or that the manager cannot tell of, keeps its ID. */
async function networkName(get: () => Promise<{ Name: string }>, id: string): Promise<string> {
  try {
    return (await get()).Name
  } catch {
    return id
  }
}
