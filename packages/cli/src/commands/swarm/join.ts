import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ShoalError } from '@shoal/common/errors'
import {
  advertisedAddress,
  agentConfigPath,
  type Daemon,
  isInCluster,
  lastLogLines,
  managerConfigPath,
  type ManagerSetup,
  readAgentState,
  startDaemon,
  takeManagerSetup,
  waitUntil,
  withPort,
  writeConfig,
  writeMembership,
} from '../../daemon/index.js'
import type { GivenFlags } from '../../spec/index.js'
import { argument, type Command, type Io, valueOf } from '../lib/command.js'
import { answers, bringUp, localManager } from './bring-up.js'
import { ALREADY_IN_CLUSTER, HOST_FLAGS, MANAGER_FLAGS } from './host-flags.js'
import { agentConfigFrom, managerConfigFrom } from './plan-host.js'

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
    if (isInCluster(config.stateDir)) throw new ShoalError('failed-precondition', ALREADY_IN_CLUSTER)
    const agent: Daemon = {
      kind: 'agent',
      runDir: config.runDir,
      configPath: agentConfigPath(config.stateDir),
    }
    rmSync(join(config.runDir, 'agent.state'), { force: true })
    writeConfig(agent.configPath, config)
    const process = startDaemon(agent)
    const certificate = join(config.stateDir, 'agent', 'tls', 'cert.pem')
    const joined = (): boolean => readAgentState(config.runDir)?.state === 'joined' && existsSync(certificate)
    const failed = (): boolean => readAgentState(config.runDir)?.state === 'failed' || !process.alive()
    await waitUntil(() => joined() || failed(), io.clock, PATIENCE_MS)
    if (joined()) {
      const setup = takeManagerSetup(config.stateDir)
      if (setup) await startManager(setup, config, given, io)
      io.print(`This node joined a swarm as a ${setup ? 'manager' : 'worker'}.`)
      return
    }
    process.stop()
    await waitUntil(() => !process.alive(), io.clock, PATIENCE_MS)
    const reason = readAgentState(config.runDir)?.message ?? `Its log ends with:\n${lastLogLines(agent)}`
    rmSync(join(config.stateDir, 'agent'), { recursive: true, force: true })
    throw new ShoalError('unavailable', `could not join the swarm at ${manager}: ${reason}`)
  },
}

/**
 * The agent has made this host a node; its manager reaches the cluster's store with what the agent was given.
 * @throws unavailable when it does not come up; the host then stays in the cluster with its agent alone
 */
async function startManager(
  setup: ManagerSetup,
  { stateDir, runDir, advertiseAddress }: { stateDir: string; runDir: string; advertiseAddress?: string },
  given: GivenFlags,
  io: Io,
): Promise<void> {
  const nodeId = readAgentState(runDir)?.nodeId
  if (nodeId === undefined) throw new ShoalError('internal', 'the agent has not told its node')
  const config = managerConfigFrom(given, io.environment, {
    advertiseAddress: advertisedAddress(advertiseAddress?.replace(/:\d+$/, '')),
    store: writeMembership(stateDir, nodeId, setup),
    initialise: false,
  })
  const manager: Daemon = { kind: 'manager', runDir, configPath: managerConfigPath(stateDir) }
  writeConfig(manager.configPath, config)
  await bringUp(manager, io, PATIENCE_MS, () => answers(localManager(config.socketPath)))
}
