import { existsSync } from 'node:fs'
import { ShoalError } from '@shoal/common/errors'
import {
  agentConfigPath,
  type Daemon,
  managerConfigPath,
  readManagerConfig,
  runningPid,
  withHostLock,
} from '../../daemon/index.js'
import { type Command, type Io } from '../lib/command.js'
import { answers, bringUp, localManager, readyNode } from './bring-up.js'
import { LOCK_PATIENCE_MS } from './host-flags.js'
import { foldersOf } from './plan-host.js'

const PATIENCE_MS = 60_000

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
    await withHostLock(runDir, io.clock, LOCK_PATIENCE_MS, () => startAll(members, stateDir, io))
  },
}

/**
 * The agent is started although the manager did not come up: its node may have been demoted meanwhile, which the
 * agent has to learn.
 * @throws unavailable of the first daemon that did not come up
 */
async function startAll(daemons: readonly Daemon[], stateDir: string, io: Io): Promise<void> {
  let failure: unknown
  for (const daemon of daemons) {
    if (runningPid(daemon) !== undefined) {
      io.print(`The ${daemon.kind} runs already.`)
      continue
    }
    try {
      await bringUp(daemon, io, PATIENCE_MS, isUpCheck(daemon, stateDir, failure === undefined))
      io.print(`The ${daemon.kind} has been started.`)
    } catch (error) {
      failure ??= error
    }
  }
  if (failure !== undefined) throw failure
}

/** A worker's agent may have to wait for managers on other hosts, so its process is all that is asked for. */
function isUpCheck(daemon: Daemon, stateDir: string, managerIsUp: boolean): () => boolean | Promise<boolean> {
  if (!managerIsUp || !existsSync(managerConfigPath(stateDir))) return () => runningPid(daemon) !== undefined
  const client = localManager(readManagerConfig(stateDir).socketPath)
  if (daemon.kind === 'manager') return () => answers(client)
  return async () => (await readyNode(client)) !== undefined
}
