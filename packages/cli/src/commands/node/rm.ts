import { type Command, forEach, isOn } from '../lib/command.js'

export const command: Command = {
  usage: '[OPTIONS] NODE [NODE...]',
  description: 'Remove one or more nodes from the swarm',
  examples: ['ctl node rm host-3', 'ctl node rm --force host-3   # although it is not down'],
  flags: [{ name: 'force', short: 'f', help: 'Force remove a node from the swarm' }],
  arguments: { least: 1 },
  async run({ args, given, io }) {
    const client = io.client()
    await forEach(args, async (ref) => {
      await client.removeNode(ref, isOn(given, 'force'))
      io.print(ref)
    })
  },
}
