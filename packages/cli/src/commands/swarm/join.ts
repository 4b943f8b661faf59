import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ShoalError } from '@shoal/common/errors'
import {
  agentConfigPath,
  type Daemon,
  isInCluster,
  lastLogLines,
  readAgentState,
  startDaemon,
  waitUntil,
  withPort,
  writeConfig,
} from '../../daemon/index.js'
import { argument, type Command, valueOf } from '../lib/command.js'
import { ALREADY_IN_CLUSTER, HOST_FLAGS } from './host-flags.js'
import { agentConfigFrom } from './plan-host.js'

const PATIENCE_MS = 60_000

export const command: Command = {
  usage: '[OPTIONS] HOST:PORT',
  description: 'Join a swarm as a node: start an agent on this host',
  examples: ['ctl swarm join --token SWMTKN-1-… 10.0.0.1:2377'],
  flags: [...HOST_FLAGS, { name: 'token', value: 'string', help: 'Token for entry into the swarm' }],
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
      io.print('This node joined a swarm as a worker.')
      return
    }
    process.stop()
    await waitUntil(() => !process.alive(), io.clock, PATIENCE_MS)
    const reason = readAgentState(config.runDir)?.message ?? `Its log ends with:\n${lastLogLines(agent)}`
    rmSync(join(config.stateDir, 'agent'), { recursive: true, force: true })
    throw new ShoalError('unavailable', `could not join the swarm at ${manager}: ${reason}`)
  },
}
