import { rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  advertisedAddress,
  type AgentConfig,
  agentConfigPath,
  type Daemon,
  type ManagerConfig,
  managerConfigPath,
  type ManagerSetup,
  readManagerConfig,
  stopDaemon,
  writeConfig,
  writeMembership,
} from '../../daemon/index.js'
import type { Io } from '../lib/command.js'
import { answers, bringUp, localManager } from './bring-up.js'
import { DEFAULT_MANAGER_ADDRESSES } from './plan-host.js'

const START_PATIENCE_MS = 60_000
const STOP_PATIENCE_MS = 30_000

export function managerDaemon(stateDir: string, runDir: string): Daemon {
  return { kind: 'manager', runDir, configPath: managerConfigPath(stateDir) }
}

/**
 * Starts a manager on a host that is a node of the cluster: it reaches the store with what the agent was given.
 * @throws unavailable when it does not come up; nothing is left of it then
 */
export async function setUpManager(
  setup: ManagerSetup,
  nodeId: string,
  agent: AgentConfig,
  io: Io,
): Promise<void> {
  const { stateDir, runDir, advertiseAddress, logLevel } = agent
  const config: ManagerConfig = {
    stateDir,
    runDir,
    ...(agent.manager ?? DEFAULT_MANAGER_ADDRESSES),
    socketPath: join(runDir, 'manager.sock'),
    advertiseAddress: advertisedAddress(advertiseAddress?.replace(/:\d+$/, '')),
    store: writeMembership(stateDir, nodeId, setup),
    initialise: false,
    logLevel,
  }
  const manager = managerDaemon(stateDir, runDir)
  writeConfig(manager.configPath, config)
  try {
    await bringUp(manager, io, START_PATIENCE_MS, () => answers(localManager(config.socketPath)))
  } catch (error) {
    await removeManager(stateDir, runDir, io)
    throw error
  }
}

/** Ends this host's manager and removes what it kept; the agent learns where it would listen another time. */
export async function removeManager(stateDir: string, runDir: string, io: Io): Promise<void> {
  const manager = managerDaemon(stateDir, runDir)
  await stopDaemon(manager, io.clock, STOP_PATIENCE_MS)
  const { socketPath } = readManagerConfig(stateDir)
  for (const path of [join(stateDir, 'manager'), join(stateDir, 'client'), socketPath]) {
    rmSync(path, { recursive: true, force: true })
  }
}

/** Keeps the addresses of this host's manager for another time as one. */
export function rememberAddresses(agent: AgentConfig, manager: ManagerConfig): void {
  const { listenAddress, apiAddress, metricsAddress } = manager
  writeConfig(agentConfigPath(agent.stateDir), {
    ...agent,
    manager: { listenAddress, apiAddress, metricsAddress },
  })
}
