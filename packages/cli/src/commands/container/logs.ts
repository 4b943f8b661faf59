import type { Frame } from '../../client/index.js'
import { parseInstant } from '../../values/index.js'
import { argument, type Command, isOn, valueOf } from '../lib/command.js'

export const command: Command = {
  usage: '[OPTIONS] TASK|CONTAINER',
  description: 'Fetch the logs of one container, on whichever node it is',
  examples: [
    'ctl logs -f web.1            # slot 1 of the service web',
    'ctl logs --since 10m web.1',
    'ctl service logs web         # of all tasks of the service',
  ],
  flags: [
    { name: 'details', help: 'Show extra details provided to logs' },
    { name: 'follow', short: 'f', help: 'Follow log output' },
    { name: 'since', value: 'string', help: 'Show logs since a timestamp, or for so long ("42m")' },
    { name: 'tail', short: 'n', value: 'string', help: 'Number of lines to show from the end of the logs' },
    { name: 'timestamps', short: 't', help: 'Show timestamps' },
    { name: 'until', value: 'string', help: 'Show logs before a timestamp, or until so long ago ("42m")' },
  ],
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const { containers } = io.client()
    const container = argument(args, 0)
    const instant = (name: string): Record<string, string> => {
      const text = valueOf(given, name)
      return text === undefined ? {} : { [name]: parseInstant(text, io.clock.now()) }
    }
    const query = {
      details: isOn(given, 'details'),
      follow: isOn(given, 'follow'),
      timestamps: isOn(given, 'timestamps'),
      tail: valueOf(given, 'tail') ?? 'all',
      ...instant('since'),
      ...instant('until'),
      terminal: await containers.hasTerminal(container),
    }
    const { output, errors } = io.console()
    const show = ({ stream, bytes }: Frame): void => void (stream === 1 ? output : errors).write(bytes)
    await io.untilInterrupted((signal) => containers.logs(container, query, show, signal))
  },
}
