import type { Command } from '../lib/command.js'
import { changeRoles } from './role.js'

export const command: Command = {
  usage: 'NODE [NODE...]',
  description: 'Promote one or more nodes to manager in the swarm',
  flags: [],
  arguments: { least: 1 },
  run: ({ args, io }) =>
    changeRoles(io, args, {
      role: 'manager',
      already: (id) => `Node ${id} is already a manager.`,
      changed: (ref) => `Node ${ref} promoted to a manager in the swarm.`,
    }),
}
