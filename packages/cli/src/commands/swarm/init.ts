import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ShoalError } from '@shoal/common/errors'
import {
  advertisedAddress,
  agentConfigPath,
  type Daemon,
  isInCluster,
  managerConfigPath,
  waitUntil,
  writeConfig,
  writeEtcdAccess,
} from '../../daemon/index.js'
import { type Command, type Io, valueOf } from '../lib/command.js'
import { answers, bringUp, localManager, readyNode, type Started } from './bring-up.js'
import { storeAccess } from './etcd-access.js'
import { ALREADY_IN_CLUSTER, HOST_FLAGS, MANAGER_FLAGS, STORE_FLAGS } from './host-flags.js'
import { printJoinCommand } from './join-command.js'
import { agentConfigFrom, foldersOf, managerConfigFrom } from './plan-host.js'

const MANAGER_PATIENCE_MS = 30_000
const AGENT_PATIENCE_MS = 60_000

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'Initialize a swarm: start a manager and an agent on this host',
  examples: [
    'ctl swarm init',
    'ctl swarm init --advertise-addr eth1',
    'ctl swarm init --store etcd --etcd-endpoint https://10.0.0.5:2379 --etcd-cacert ca.pem --etcd-cert c.pem --etcd-key k.pem',
  ],
  flags: [...HOST_FLAGS, ...MANAGER_FLAGS, ...STORE_FLAGS],
  arguments: { least: 0, most: 0 },
  async run({ given, io }) {
    const asked = valueOf(given, 'advertise-addr')?.replace(/:\d+$/, '')
    const access = storeAccess(given)
    const { stateDir } = foldersOf(given, io.environment)
    if (isInCluster(stateDir)) throw new ShoalError('failed-precondition', ALREADY_IN_CLUSTER)
    const config = managerConfigFrom(given, io.environment, {
      advertiseAddress: advertisedAddress(asked),
      store: access ? writeEtcdAccess(stateDir, access) : { kind: 'embedded' },
      initialise: true,
    })
    const joinPort = config.listenAddress.slice(config.listenAddress.lastIndexOf(':'))
    const agentConfig = agentConfigFrom(given, io.environment, [`${config.advertiseAddress}${joinPort}`])
    const manager: Daemon = {
      kind: 'manager',
      runDir: config.runDir,
      configPath: managerConfigPath(config.stateDir),
    }
    const agent: Daemon = {
      kind: 'agent',
      runDir: config.runDir,
      configPath: agentConfigPath(config.stateDir),
    }
    const client = localManager(config.socketPath)

    writeConfig(manager.configPath, config)
    const started: Started[] = []
    try {
      started.push(await bringUp(manager, io, MANAGER_PATIENCE_MS, () => answers(client)))
      writeConfig(agent.configPath, { ...agentConfig, advertiseAddress: config.advertiseAddress })
      started.push(
        await bringUp(agent, io, AGENT_PATIENCE_MS, async () => (await readyNode(client)) !== undefined),
      )
    } catch (error) {
      await cleanUp(started, [manager, agent], config.stateDir, io)
      throw error
    }
    const node = await readyNode(client)
    io.print(`Swarm initialized: current node (${node?.ID ?? ''}) is now a manager.\n`)
    await printJoinCommand(client, io, node?.ID ?? '', 'worker')
    io.print(
      "To add a manager to this swarm, run 'ctl swarm join-token manager' and follow the instructions.",
    )
  },
}

/** Leaves no trace of a start that failed, so that it can be tried again. */
async function cleanUp(
  started: readonly Started[],
  daemons: readonly Daemon[],
  stateDir: string,
  io: Io,
): Promise<void> {
  for (const process of started.toReversed()) process.stop()
  await waitUntil(() => started.every((process) => !process.alive()), io.clock, MANAGER_PATIENCE_MS)
  for (const { kind } of daemons) rmSync(join(stateDir, kind), { recursive: true, force: true })
  rmSync(join(stateDir, 'client'), { recursive: true, force: true })
}
