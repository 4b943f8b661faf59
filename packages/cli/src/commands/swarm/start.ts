import { existsSync } from 'node:fs'
import { ShoalError } from '@shoal/common/errors'
import {
  agentConfigPath,
  type Daemon,
  managerConfigPath,
  runningPid,
  startDaemon,
  waitUntil,
} from '../../daemon/index.js'
import { type Command } from '../lib/command.js'
import { foldersOf } from './plan-host.js'

const PATIENCE_MS = 30_000

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'Start the daemons of a host that is part of a swarm, as after a reboot',
  examples: ['ctl swarm start'],
  flags: [
    { name: 'state-dir', value: 'string', help: 'Where this host keeps its state (default /var/lib/shoal)' },
    { name: 'run-dir', value: 'string', help: 'Where sockets and process IDs are (default /run/shoal)' },
  ],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const { stateDir, runDir } = foldersOf(given, io.environment)
    const daemons: Daemon[] = [
      { kind: 'manager', runDir, configPath: managerConfigPath(stateDir) },
      { kind: 'agent', runDir, configPath: agentConfigPath(stateDir) },
    ]
    const members = daemons.filter((daemon) => existsSync(daemon.configPath))
    if (members.length === 0) throw new ShoalError('failed-precondition', 'This node is not part of a swarm')
    for (const daemon of members) {
      if (runningPid(daemon) !== undefined) io.print(`The ${daemon.kind} runs already.`)
      else {
        startDaemon(daemon)
        await waitUntil(() => runningPid(daemon) !== undefined, io.clock, PATIENCE_MS)
        io.print(`The ${daemon.kind} has been started.`)
      }
    }
  },
}
