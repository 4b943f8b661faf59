import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ShoalError } from '@shoal/common/errors'
import {
  type AgentConfig,
  agentConfigPath,
  type Daemon,
  isInCluster,
  lastLogLines,
  readAgentState,
  startDaemon,
  takeManagerSetup,
  waitUntil,
  withHostLock,
  withPort,
  writeConfig,
} from '../../daemon/index.js'
import { argument, type Command, type Io, valueOf } from '../lib/command.js'
import { ALREADY_IN_CLUSTER, HOST_FLAGS, LOCK_PATIENCE_MS, MANAGER_FLAGS } from './host-flags.js'
import { agentConfigFrom } from './plan-host.js'
import { setUpManager } from './set-up-manager.js'

const PATIENCE_MS = 60_000

export const command: Command = {
  usage: '[OPTIONS] HOST:PORT',
  description:
    'Join a swarm as a node: start an agent on this host, and with the token of managers a manager',
  examples: ['ctl swarm join --token SWMTKN-1-… 10.0.0.1:2377'],
  flags: [
    ...HOST_FLAGS,
    ...MANAGER_FLAGS,
    { name: 'token', value: 'string', help: 'Token for entry into the swarm' },
  ],
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const token = valueOf(given, 'token')
    if (!token) throw new ShoalError('invalid-argument', 'join token is missing: use --token')
    const manager = withPort(argument(args, 0), ':2377')
    const config = agentConfigFrom(given, io.environment, [manager], token)
    const role = await withHostLock(config.runDir, io.clock, LOCK_PATIENCE_MS, () =>
      joinAt(manager, config, io),
    )
    io.print(`This node joined a swarm as a ${role}.`)
  },
}

/**
 * @returns what the token made of this host
 * @throws failed-precondition for a host that is in a cluster already; unavailable when it was not admitted, or its
 *   manager does not come up (it is a node then, and its agent goes on trying to start the manager)
 */
async function joinAt(manager: string, config: AgentConfig, io: Io): Promise<'manager' | 'worker'> {
  const { stateDir, runDir } = config
  if (isInCluster(stateDir)) throw new ShoalError('failed-precondition', ALREADY_IN_CLUSTER)
  const agent: Daemon = { kind: 'agent', runDir, configPath: agentConfigPath(stateDir) }
  rmSync(join(runDir, 'agent.state'), { force: true })
  writeConfig(agent.configPath, config)
  const process = startDaemon(agent)
  const certificate = join(stateDir, 'agent', 'tls', 'cert.pem')
  const joined = (): boolean => readAgentState(runDir)?.state === 'joined' && existsSync(certificate)
  const failed = (): boolean => readAgentState(runDir)?.state === 'failed' || !process.alive()
  await waitUntil(() => joined() || failed(), io.clock, PATIENCE_MS)
  if (!joined()) {
    process.stop()
    await waitUntil(() => !process.alive(), io.clock, PATIENCE_MS)
    const reason = readAgentState(runDir)?.message ?? `Its log ends with:\n${lastLogLines(agent)}`
    rmSync(join(stateDir, 'agent'), { recursive: true, force: true })
    throw new ShoalError('unavailable', `could not join the swarm at ${manager}: ${reason}`)
  }
  const setup = takeManagerSetup(stateDir)
  if (!setup) return 'worker'
  const nodeId = readAgentState(runDir)?.nodeId
  if (nodeId === undefined) throw new ShoalError('internal', 'the agent has not told its node')
  await setUpManager(setup, nodeId, config, io)
  return 'manager'
}
