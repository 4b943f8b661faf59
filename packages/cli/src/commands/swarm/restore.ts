import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type BackupHeader, readBackup } from '@shoal/common/backup'
import { messageOf, ShoalError } from '@shoal/common/errors'
import type { EtcdAccess, ManagerClient } from '../../client/index.js'
import {
  advertisedAddress,
  type AgentConfig,
  agentConfigPath,
  type Daemon,
  type ManagerConfig,
  managerConfigPath,
  pointAgentAt,
  restoreFrom,
  setManagerAside,
  stopDaemon,
  withHostLock,
  writeConfig,
  writeEtcdAccess,
} from '../../daemon/index.js'
import type { GivenFlags } from '../../spec/index.js'
import { argument, type Command, type Io, isOn, valueOf } from '../lib/command.js'
import { answers, bringUp, localManager, readyNode } from './bring-up.js'
import { storeAccess } from './etcd-access.js'
import { HOST_FLAGS, LOCK_PATIENCE_MS, MANAGER_FLAGS, STORE_FLAGS } from './host-flags.js'
import { agentConfigFrom, foldersOf, managerConfigFrom } from './plan-host.js'

const PATIENCE_MS = 60_000
/** They are an agent's; one that is here already has them from `swarm init` or `swarm join`. */
const AGENT_ONLY = ['docker-socket', 'hostname', 'generic-resource']

export const command: Command = {
  usage: '[OPTIONS] FILE',
  description:
    'Bring a cluster back from a backup, with this host as its one manager. A host that is a node of it stays that node, and keeps its containers. Make sure that no manager of the cluster runs any more.',
  examples: [
    'ctl swarm restore --advertise-addr 10.0.0.9 /root/shoal.backup',
    'ctl swarm start --manager-addr 10.0.0.9   # then, on each other node',
  ],
  flags: [
    ...HOST_FLAGS,
    ...MANAGER_FLAGS,
    ...STORE_FLAGS,
    { name: 'force', short: 'f', help: "Stop this host's manager, and set its folder aside" },
  ],
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const backup = resolve(argument(args, 0))
    const header = readHeader(backup)
    const host = thisHost(given, io)
    refuseAgentFlags(given, host.isMember)
    const access = storeAccess(given)
    const address = advertisedAddress(valueOf(given, 'advertise-addr')?.replace(/:\d+$/, ''))

    const joinAddress = await withHostLock(host.agent.runDir, io.clock, LOCK_PATIENCE_MS, () =>
      bringBack(host, { backup, address, ...(access && { access }) }, given),
    )
    report(header, joinAddress, io)
  },
}

interface Order {
  /** The path of the file. */
  readonly backup: string
  /** That other hosts reach this one at. */
  readonly address: string
  /** Absent: the embedded store. */
  readonly access?: EtcdAccess
}

/** @returns `host:port` at which agents reach the manager */
async function bringBack(host: Host, { backup, address, access }: Order, given: GivenFlags): Promise<string> {
  const { io, stateDir } = host
  const aside = await makeRoom(host, isOn(given, 'force'))
  const config = managerConfigFrom(given, io.environment, {
    advertiseAddress: address,
    store: access ? writeEtcdAccess(stateDir, access) : { kind: 'embedded' },
    initialise: false,
  })
  await restoreOrUndo(host, config, backup, aside)
  if (aside !== undefined) io.print(`What this host's manager had is kept in ${aside}.`)
  await startManager(host)
  const joinAddress = `${address}${config.listenAddress.slice(config.listenAddress.lastIndexOf(':'))}`
  await startAgent(host, joinAddress, {
    ...agentConfigFrom(given, io.environment, [joinAddress]),
    advertiseAddress: address,
  })
  return joinAddress
}

interface Host {
  readonly stateDir: string
  readonly manager: Daemon
  readonly agent: Daemon
  /** It has an agent already. */
  readonly isMember: boolean
  readonly io: Io
}

function thisHost(given: GivenFlags, io: Io): Host {
  const { stateDir, runDir } = foldersOf(given, io.environment)
  const manager: Daemon = { kind: 'manager', runDir, configPath: managerConfigPath(stateDir) }
  const agent: Daemon = { kind: 'agent', runDir, configPath: agentConfigPath(stateDir) }
  return { stateDir, manager, agent, isMember: existsSync(agent.configPath), io }
}

const clientOf = ({ manager }: Host): ManagerClient => localManager(join(manager.runDir, 'manager.sock'))

async function startManager(host: Host): Promise<void> {
  await bringUp(host.manager, host.io, PATIENCE_MS, () => answers(clientOf(host)))
}

/** @param config for a host that has no agent yet; one that is here is only told where the manager is */
async function startAgent(host: Host, managerAddress: string, config: AgentConfig): Promise<void> {
  const { agent, io, isMember, stateDir } = host
  if (isMember) {
    await stopDaemon(agent, io.clock, PATIENCE_MS)
    pointAgentAt(stateDir, [managerAddress])
  } else writeConfig(agent.configPath, config)
  await bringUp(agent, io, PATIENCE_MS, async () => (await readyNode(clientOf(host))) !== undefined)
}

/** @throws invalid-argument for a file that is no whole backup */
function readHeader(path: string): BackupHeader {
  try {
    return readBackup(readFileSync(path, 'utf8')).header
  } catch (error) {
    throw new ShoalError('invalid-argument', `${path}: ${messageOf(error)}`, error)
  }
}

function refuseAgentFlags(given: GivenFlags, isMember: boolean): void {
  const flag = AGENT_ONLY.find((name) => isMember && given.has(name))
  if (flag === undefined) return
  throw new ShoalError(
    'invalid-argument',
    `--${flag}: this host has an agent already, which keeps what it has`,
  )
}

/** @returns where the manager of before is, if there was one */
async function makeRoom({ stateDir, manager, io }: Host, force: boolean): Promise<string | undefined> {
  if (!existsSync(manager.configPath)) return undefined
  if (!force) {
    throw new ShoalError(
      'failed-precondition',
      'this host runs a manager already. Use --force to stop it and to set its folder aside.',
    )
  }
  await stopDaemon(manager, io.clock, PATIENCE_MS)
  return setManagerAside(stateDir, io.clock.now())
}

/** Until the store is filled, nothing of this host has changed that could not be undone. */
async function restoreOrUndo(
  host: Host,
  config: ManagerConfig,
  backup: string,
  aside: string | undefined,
): Promise<void> {
  const folder = join(host.stateDir, 'manager')
  const draft = join(folder, 'restore.json')
  try {
    writeConfig(draft, config)
    await restoreFrom(backup, draft)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    if (aside !== undefined) {
      renameSync(aside, folder)
      await startManager(host)
    }
    throw error
  }
  rmSync(draft)
}

function report({ cluster, createdAt }: BackupHeader, joinAddress: string, io: Io): void {
  io.print(`The cluster ${cluster} is back as it was at ${createdAt}. This host is its manager.\n`)
  io.print(
    `On every other host that was a node of it, run the following command. Its containers go on.\n\n    ctl swarm start --manager-addr ${joinAddress}\n`,
  )
  io.print('Nodes that are not heard of within 15 minutes count as down, and their tasks are replaced.')
}
