import { join } from 'node:path'
import {
  type AgentConfig,
  type ManagerAddresses,
  type ManagerConfig,
  runFolder,
  stateFolder,
  type StoreConfig,
  withPort,
} from '../../daemon/index.js'
import type { Environment } from '../../client/index.js'
import type { GivenFlags } from '../../spec/index.js'
import { valueOf } from '../lib/command.js'
import { DEFAULT_DOCKER_SOCKET } from './host-flags.js'

export const DEFAULT_MANAGER_ADDRESSES: ManagerAddresses = {
  listenAddress: '0.0.0.0:2377',
  apiAddress: '0.0.0.0:3376',
  metricsAddress: '127.0.0.1:9323',
}

/** Where this command's host keeps its files. */
export function foldersOf(given: GivenFlags, environment: Environment): { stateDir: string; runDir: string } {
  return {
    stateDir: stateFolder(valueOf(given, 'state-dir'), environment),
    runDir: runFolder(valueOf(given, 'run-dir'), environment),
  }
}

/** What the flags alone do not say of a manager. */
export interface ManagerPlan {
  /** The address that other hosts reach this one at. */
  readonly advertiseAddress: string
  readonly store: StoreConfig
  /** Whether it may make a cluster. */
  readonly initialise: boolean
}

/** The manager's configuration from the flags of `swarm init` and `swarm join`. */
export function managerConfigFrom(
  given: GivenFlags,
  environment: Environment,
  { advertiseAddress, store, initialise }: ManagerPlan,
): ManagerConfig {
  const { stateDir, runDir } = foldersOf(given, environment)
  return {
    stateDir,
    runDir,
    ...managerAddresses(given),
    socketPath: join(runDir, 'manager.sock'),
    advertiseAddress,
    store,
    initialise,
    logLevel: valueOf(given, 'log-level') ?? 'info',
  }
}

/** Where a manager on this host listens, or would. */
export function managerAddresses(given: GivenFlags): ManagerAddresses {
  const { listenAddress, apiAddress, metricsAddress } = DEFAULT_MANAGER_ADDRESSES
  return {
    listenAddress: withPort(valueOf(given, 'listen-addr') ?? '', listenAddress),
    apiAddress: withPort(valueOf(given, 'api-addr') ?? '', apiAddress),
    metricsAddress: valueOf(given, 'metrics-addr') ?? metricsAddress,
  }
}

/** The agent's configuration from the flags of `swarm init` and `swarm join`. */
export function agentConfigFrom(
  given: GivenFlags,
  environment: Environment,
  managers: readonly string[],
  joinToken?: string,
): AgentConfig {
  const advertiseAddress = valueOf(given, 'advertise-addr')
  const hostname = valueOf(given, 'hostname')
  return {
    ...foldersOf(given, environment),
    managers: [...managers],
    ...(joinToken !== undefined && { joinToken }),
    dockerSocket: valueOf(given, 'docker-socket') ?? DEFAULT_DOCKER_SOCKET,
    ...(advertiseAddress !== undefined && { advertiseAddress }),
    ...(hostname !== undefined && { hostname }),
    genericResources: [...(given.get('generic-resource') ?? [])],
    manager: managerAddresses(given),
    logLevel: valueOf(given, 'log-level') ?? 'info',
  }
}
