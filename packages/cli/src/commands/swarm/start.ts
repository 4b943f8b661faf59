import { existsSync } from 'node:fs'
import { ShoalError } from '@shoal/common/errors'
import {
  agentConfigPath,
  type Daemon,
  managerConfigPath,
  pointAgentAt,
  readAgentConfig,
  readManagerConfig,
  runningPid,
  setManagerAside,
  stopDaemon,
  withHostLock,
  withPort,
} from '../../daemon/index.js'
import { type Command, type Io, isOn } from '../lib/command.js'
import { answers, localManager, readyNode, tryToStart, withItsLog } from './bring-up.js'
import { LOCK_PATIENCE_MS } from './host-flags.js'
import { foldersOf } from './plan-host.js'

const PATIENCE_MS = 60_000

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'Start the daemons of a host that is part of a swarm, as after a reboot',
  examples: [
    'ctl swarm start',
    'ctl swarm start --manager-addr 10.0.0.9   # the managers have other addresses now',
  ],
  flags: [
    { name: 'state-dir', value: 'string', help: 'Where this host keeps its state (default /var/lib/shoal)' },
    { name: 'run-dir', value: 'string', help: 'Where sockets and process IDs are (default /run/shoal)' },
    {
      name: 'manager-addr',
      value: 'list',
      help: 'Where the managers are now; the agent is started again, its containers go on',
    },
    {
      name: 'force',
      short: 'f',
      help: "With --manager-addr: stop this host's own manager, and set its folder aside",
    },
  ],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const { stateDir, runDir } = foldersOf(given, io.environment)
    const managers = given.get('manager-addr')?.map((address) => withPort(address, ':2377')) ?? []
    const force = isOn(given, 'force')
    if (force && managers.length === 0)
      throw new ShoalError('invalid-argument', '--force needs --manager-addr')
    await withHostLock(runDir, io.clock, LOCK_PATIENCE_MS, async () => {
      if (managers.length > 0) await changeManagers(stateDir, runDir, managers, force, io)
      const daemons: Daemon[] = [
        { kind: 'manager', runDir, configPath: managerConfigPath(stateDir) },
        { kind: 'agent', runDir, configPath: agentConfigPath(stateDir) },
      ]
      const members = daemons.filter((daemon) => existsSync(daemon.configPath))
      if (members.length === 0)
        throw new ShoalError('failed-precondition', 'This node is not part of a swarm')
      await startAll(members, stateDir, io)
    })
  },
}

/**
 * The agent is started although the manager did not come up: its node may have been demoted meanwhile, which the
 * agent has to learn.
 * @throws unavailable of the first daemon that did not come up
 */
async function startAll(daemons: readonly Daemon[], stateDir: string, io: Io): Promise<void> {
  const failures: string[] = []
  let managerIsUp = true
  for (const daemon of daemons) {
    if (runningPid(daemon) !== undefined) {
      io.print(`The ${daemon.kind} runs already.`)
      continue
    }
    const outcome = await tryToStart(daemon, io, PATIENCE_MS, isUpCheck(daemon, stateDir, managerIsUp))
    if (outcome.kind === 'up') io.print(`The ${daemon.kind} has been started.`)
    else {
      managerIsUp = false
      if (outcome.kind === 'failed') failures.push(withItsLog(daemon, outcome.what))
      else io.warn(withItsLog(daemon, 'is not wanted on this host any more'))
    }
  }
  if (failures[0] !== undefined) throw new ShoalError('unavailable', failures[0])
}

/**
 * Has this host's agent look for its managers elsewhere.
 * @throws failed-precondition on a host that runs a manager of its own, unless `force` is set
 */
async function changeManagers(
  stateDir: string,
  runDir: string,
  managers: readonly string[],
  force: boolean,
  io: Io,
): Promise<void> {
  const nameless = managers.find((address) => address.startsWith(':'))
  if (nameless !== undefined) throw new ShoalError('invalid-argument', `invalid address: ${nameless}`)
  const agent: Daemon = { kind: 'agent', runDir, configPath: agentConfigPath(stateDir) }
  const manager: Daemon = { kind: 'manager', runDir, configPath: managerConfigPath(stateDir) }
  readAgentConfig(stateDir)
  if (existsSync(manager.configPath)) {
    if (!force) {
      throw new ShoalError(
        'failed-precondition',
        'this host runs a manager, which would go on beside the others. Use --force to stop it and to set its folder aside.',
      )
    }
    await stopDaemon(manager, io.clock, PATIENCE_MS)
    io.print(`What this host's manager had is kept in ${setManagerAside(stateDir, io.clock.now())}.`)
  }
  await stopDaemon(agent, io.clock, PATIENCE_MS)
  pointAgentAt(stateDir, managers)
}

/** A worker's agent may have to wait for managers on other hosts, so its process is all that is asked for. */
function isUpCheck(daemon: Daemon, stateDir: string, managerIsUp: boolean): () => boolean | Promise<boolean> {
  if (!managerIsUp || !existsSync(managerConfigPath(stateDir))) return () => runningPid(daemon) !== undefined
  const client = localManager(readManagerConfig(stateDir).socketPath)
  if (daemon.kind === 'manager') return () => answers(client)
  return async () => (await readyNode(client)) !== undefined
}
