import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf, ShoalError } from '@shoal/common/errors'
import type { Environment, EtcdAccess } from '../client/index.js'

const DEFAULT_STATE = '/var/lib/shoal'
const DEFAULT_RUN = '/run/shoal'

export type StoreConfig =
  | { kind: 'embedded' }
  | { kind: 'etcd'; endpoints: string[]; caFile?: string; certFile?: string; keyFile?: string }

/** What the manager daemon reads when it starts. */
export interface ManagerConfig {
  stateDir: string
  runDir: string
  listenAddress: string
  apiAddress: string
  socketPath: string
  advertiseAddress: string
  metricsAddress: string
  store: StoreConfig
  initialise: boolean
  logLevel: string
}

/** Where a manager listens: `address:port` each. */
export interface ManagerAddresses {
  listenAddress: string
  apiAddress: string
  metricsAddress: string
}

/** What the agent daemon reads when it starts. */
export interface AgentConfig {
  stateDir: string
  runDir: string
  managers: string[]
  joinToken?: string
  dockerSocket: string
  advertiseAddress?: string
  hostname?: string
  genericResources: string[]
  /** The addresses of a manager on this host, for the day on which its node becomes one. */
  manager?: ManagerAddresses
  logLevel: string
}

/** How far an agent has come with joining, as it writes it into its run folder. */
export interface AgentState {
  state: 'joined' | 'failed'
  message?: string
  nodeId?: string
}

/** What the cluster told a newcomer that becomes a manager, as the agent leaves it for this command. */
export interface ManagerSetup {
  clusterId: string
  etcdEndpoints: string[]
  /** PEM; empty when there is none. */
  etcdCa: string
  etcdCertificate: string
  etcdKey: string
  sealKey: string
}

/** Where everything of this host is kept: the flag, else SHOAL_STATE_DIR, else /var/lib/shoal. */
export function stateFolder(flag: string | undefined, environment: Environment): string {
  return flag ?? environment['SHOAL_STATE_DIR'] ?? DEFAULT_STATE
}

/** Where sockets and process IDs are: the flag, else SHOAL_RUN_DIR, else /run/shoal. */
export function runFolder(flag: string | undefined, environment: Environment): string {
  return flag ?? environment['SHOAL_RUN_DIR'] ?? DEFAULT_RUN
}

export const managerConfigPath = (stateDir: string): string => join(stateDir, 'manager', 'config.json')
export const agentConfigPath = (stateDir: string): string => join(stateDir, 'agent', 'config.json')

/** Whether this host has been made part of a cluster. */
export function isInCluster(stateDir: string): boolean {
  return existsSync(managerConfigPath(stateDir)) || existsSync(agentConfigPath(stateDir))
}

/** @throws failed-precondition when this host runs no manager */
export function readManagerConfig(stateDir: string): ManagerConfig {
  return readConfig(managerConfigPath(stateDir), 'this host runs no manager') as ManagerConfig
}

/** @throws failed-precondition when this host runs no agent */
export function readAgentConfig(stateDir: string): AgentConfig {
  return readConfig(agentConfigPath(stateDir), 'this host runs no agent') as AgentConfig
}

function readConfig(path: string, absence: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ShoalError('failed-precondition', `${absence}: ${messageOf(error)}`, error)
  }
}

/** Writes a configuration that only its owner can read: a join token may be in it. A crash leaves the old or the new. */
export function writeConfig(path: string, config: ManagerConfig | AgentConfig): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(`${path}.tmp`, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}

/** Takes the setup of a host that joined with a manager's token; it holds keys, so its file is removed. */
export function takeManagerSetup(stateDir: string): ManagerSetup | undefined {
  const path = join(stateDir, 'agent', 'manager-setup.json')
  if (!existsSync(path)) return undefined
  const setup = JSON.parse(readFileSync(path, 'utf8')) as ManagerSetup
  rmSync(path)
  return setup
}

/** Writes what makes this host's manager a member: who it is, and what it shows to etcd. @returns its store */
export function writeMembership(stateDir: string, nodeId: string, setup: ManagerSetup): StoreConfig {
  const { clusterId, sealKey, etcdEndpoints, etcdCa, etcdCertificate, etcdKey } = setup
  writeSecret(join(stateDir, 'manager', 'membership.json'), JSON.stringify({ clusterId, nodeId, sealKey }))
  return writeEtcdAccess(stateDir, {
    endpoints: etcdEndpoints,
    ...(etcdCa !== '' && { ca: etcdCa }),
    ...(etcdCertificate !== '' && { certificate: etcdCertificate }),
    ...(etcdKey !== '' && { key: etcdKey }),
  })
}

/** Keeps what this host's manager shows to etcd in its own folder. @returns the store to be configured */
export function writeEtcdAccess(
  stateDir: string,
  { endpoints, ca, certificate, key }: EtcdAccess,
): StoreConfig {
  const write = (name: string, text: string): string =>
    writeSecret(join(stateDir, 'manager', 'etcd', name), text)
  return {
    kind: 'etcd',
    endpoints: [...endpoints],
    ...(ca !== undefined && { caFile: write('ca.pem', ca) }),
    ...(certificate !== undefined && { certFile: write('cert.pem', certificate) }),
    ...(key !== undefined && { keyFile: write('key.pem', key) }),
  }
}

/** Writes what only its owner may read. @returns the path */
function writeSecret(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

/**
 * Tells this host's agent where the managers are; it hears of it when it starts.
 * @param managers `host:port`
 * @throws failed-precondition when this host runs no agent
 */
export function pointAgentAt(stateDir: string, managers: readonly string[]): void {
  const { joinToken: _used, ...config } = readAgentConfig(stateDir)
  writeConfig(agentConfigPath(stateDir), { ...config, managers: [...managers] })
  // What managers told it counts more than its configuration.
  rmSync(join(stateDir, 'agent', 'managers.json'), { force: true })
}

/**
 * Gives the folder of this host's manager a name under which no manager starts on it.
 * @param nowMs milliseconds since the epoch
 * @returns the name
 */
export function setManagerAside(stateDir: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const aside = join(stateDir, `manager-before-restore-${stamp}`)
  renameSync(join(stateDir, 'manager'), aside)
  return aside
}

/** What the agent last said of its joining; undefined before it has. */
export function readAgentState(runDir: string): AgentState | undefined {
  try {
    return JSON.parse(readFileSync(join(runDir, 'agent.state'), 'utf8')) as AgentState
  } catch {
    // Not there, or only half written: it will be asked again.
    return undefined
  }
}
