import type { Command } from '../lib/command.js'
import { changeRoles } from './role.js'

export const command: Command = {
  usage: 'NODE [NODE...]',
  description: 'Demote one or more nodes from manager in the swarm',
  flags: [],
  arguments: { least: 1 },
  run: ({ args, io }) =>
    changeRoles(io, args, {
      role: 'worker',
      already: (id) => `Node ${id} is already a worker.`,
      changed: (ref) => `Manager ${ref} demoted in the swarm.`,
    }),
}
