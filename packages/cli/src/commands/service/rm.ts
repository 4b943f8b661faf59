import { type Command, forEach } from '../lib/command.js'

export const command: Command = {
  usage: 'SERVICE [SERVICE...]',
  description: 'Remove one or more services',
  examples: ['ctl service rm web'],
  flags: [],
  arguments: { least: 1 },
  async run({ args, io }) {
    const client = io.client()
    await forEach(args, async (ref) => {
      await client.removeService(ref)
      io.print(ref)
    })
  },
}
