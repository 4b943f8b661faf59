import type { Command } from '../lib/command.js'

export const command: Command = {
  usage: '',
  description: 'Print the name of the context that is in force',
  flags: [],
  arguments: { least: 0, most: 0 },
  run({ io }) {
    io.print(io.contextName())
    return Promise.resolve()
  },
}
