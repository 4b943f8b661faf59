import { ShoalError } from '@shoal/common/errors'
import { type Command, isOn } from '../lib/command.js'
import { printJoinCommand } from './join-command.js'

export const command: Command = {
  usage: '[OPTIONS] (worker|manager)',
  description: 'Manage join tokens',
  examples: ['ctl swarm join-token worker', 'ctl swarm join-token --rotate worker'],
  flags: [
    { name: 'quiet', short: 'q', help: 'Only display token' },
    { name: 'rotate', help: 'Rotate join token' },
  ],
  arguments: { least: 1, most: 1 },
  async run({ args: [role], given, io }) {
    if (role !== 'worker' && role !== 'manager')
      throw new ShoalError('invalid-argument', `unknown role ${role}`)
    const client = io.client()
    const quiet = isOn(given, 'quiet')
    if (isOn(given, 'rotate')) {
      const swarm = await client.swarm()
      await client.updateSwarm(swarm, swarm.Spec, { [role]: true })
      if (!quiet) io.print(`Successfully rotated ${role} join token.\n`)
    }
    if (quiet) {
      const { JoinTokens } = await client.swarm()
      io.print(role === 'worker' ? JoinTokens.Worker : JoinTokens.Manager)
      return
    }
    const info = await client.info()
    await printJoinCommand(client, io, info.Swarm?.NodeID ?? '', role)
  },
}
