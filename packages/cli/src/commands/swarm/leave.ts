import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ShoalError } from '@shoal/common/errors'
import type { ManagerClient } from '../../client/index.js'
import {
  agentConfigPath,
  type Daemon,
  isInCluster,
  managerConfigPath,
  readAgentState,
  readManagerConfig,
  startDaemon,
  stopDaemon,
  waitUntil,
  withHostLock,
} from '../../daemon/index.js'
import { type Command, type Io, isOn } from '../lib/command.js'
import { localManager } from './bring-up.js'
import { foldersOf } from './plan-host.js'
import { resignAsManager, whyNotWithoutForce } from './resign.js'

/** Tasks get their grace period, so an agent that leaves may take a while. */
const AGENT_PATIENCE_MS = 120_000
const MANAGER_PATIENCE_MS = 30_000

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'Leave the swarm: stop what runs on this host and forget the cluster',
  examples: [
    'ctl swarm leave',
    'ctl swarm leave --force   # on a manager: another one takes over; with the last one the cluster ends',
  ],
  flags: [
    { name: 'force', short: 'f', help: 'Force this node to leave the swarm, ignoring warnings' },
    { name: 'state-dir', value: 'string', help: 'Where this host keeps its state (default /var/lib/shoal)' },
    { name: 'run-dir', value: 'string', help: 'Where sockets and process IDs are (default /run/shoal)' },
  ],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const { stateDir, runDir } = foldersOf(given, io.environment)
    const manager: Daemon = { kind: 'manager', runDir, configPath: managerConfigPath(stateDir) }
    const agent: Daemon = { kind: 'agent', runDir, configPath: agentConfigPath(stateDir) }
    if (!isInCluster(stateDir)) {
      throw new ShoalError('failed-precondition', 'This node is not part of a swarm')
    }
    if (existsSync(manager.configPath) && !isOn(given, 'force')) {
      throw new ShoalError('failed-precondition', await whyNotWithoutForce(localApi(stateDir)))
    }
    await withHostLock(runDir, io.clock, AGENT_PATIENCE_MS, async () => {
      await giveUpTasks(agent, io)
      if (existsSync(manager.configPath)) await giveUpManager(manager, stateDir, io)
      else rmSync(join(stateDir, 'agent'), { recursive: true, force: true })
    })
    io.print('Node left the swarm.')
  },
}

const localApi = (stateDir: string): ManagerClient => localManager(readManagerConfig(stateDir).socketPath)

/** The folder itself may be one that cannot be removed: where a volume is mounted. */
function emptyFolder(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
  try {
    rmdirSync(folder)
  } catch {
    // It is empty: nothing of the cluster is left.
  }
}

/** Of several managers another one takes over; the last one takes the cluster with it. */
async function giveUpManager(manager: Daemon, stateDir: string, io: Io): Promise<void> {
  const isAlone = readManagerConfig(stateDir).store.kind === 'embedded'
  const farewell = isAlone ? undefined : await resignAsManager(localApi(stateDir), io.clock)
  await stopDaemon(manager, io.clock, MANAGER_PATIENCE_MS)
  emptyFolder(stateDir)
  if (farewell?.kind === 'untold') {
    io.warn(
      `The other managers, if there are any, could not be told (${farewell.reason}): remove this node there with "ctl node rm --force".`,
    )
  }
}

/**
 * Has the agent stop and remove the tasks of this host. One that does not run is started for it: with the mark in
 * the run folder it does nothing else, and ends.
 * @throws unavailable when it could not
 */
async function giveUpTasks(agent: Daemon, io: Io): Promise<void> {
  const leaveMark = join(agent.runDir, 'agent.leave')
  const stateFile = join(agent.runDir, 'agent.state')
  mkdirSync(agent.runDir, { recursive: true, mode: 0o755 })
  writeFileSync(leaveMark, '')
  try {
    const wasRunning = await stopDaemon(agent, io.clock, AGENT_PATIENCE_MS)
    if (wasRunning || !existsSync(join(dirname(agent.configPath), 'tls'))) return
    rmSync(stateFile, { force: true })
    const cleaner = startDaemon(agent)
    await waitUntil(() => !cleaner.alive(), io.clock, AGENT_PATIENCE_MS)
    const failure = readAgentState(agent.runDir)
    if (failure?.state === 'failed') {
      throw new ShoalError(
        'unavailable',
        `the tasks of this host could not be removed: ${failure.message ?? ''}`,
      )
    }
  } finally {
    rmSync(leaveMark, { force: true })
    rmSync(stateFile, { force: true })
  }
}
