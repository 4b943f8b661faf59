import { existsSync } from 'node:fs'
import { ShoalError } from '@shoal/common/errors'
import {
  managerConfigPath,
  readAgentConfig,
  readManagerConfig,
  takeManagerSetup,
  withHostLock,
} from '../../daemon/index.js'
import { argument, type Command, type Io, valueOf } from '../lib/command.js'
import { LOCK_PATIENCE_MS } from './host-flags.js'
import { foldersOf } from './plan-host.js'
import { rememberAddresses, removeManager, setUpManager } from './set-up-manager.js'

interface Host {
  stateDir: string
  runDir: string
  io: Io
}

/** Not listed: the agent runs it when its node is promoted or demoted. */
export const command: Command = {
  usage: '[OPTIONS] manager|worker',
  description:
    "Start or remove this host's manager, as its node's role asks for. The agent runs this after 'ctl node promote' and 'ctl node demote'; there is no need to run it by hand.",
  flags: [
    { name: 'node', value: 'string', help: 'ID of the node that this host is' },
    { name: 'state-dir', value: 'string', help: 'Where this host keeps its state (default /var/lib/shoal)' },
    { name: 'run-dir', value: 'string', help: 'Where sockets and process IDs are (default /run/shoal)' },
  ],
  arguments: { least: 1, most: 1 },
  async run({ args, given, io }) {
    const host = { ...foldersOf(given, io.environment), io }
    const role = argument(args, 0)
    const nodeId = valueOf(given, 'node')
    await withHostLock(host.runDir, io.clock, LOCK_PATIENCE_MS, async () => {
      if (role === 'worker') await becomeWorker(host)
      else if (role === 'manager' && nodeId !== undefined) await becomeManager(host, nodeId)
      else throw new ShoalError('invalid-argument', `unknown role "${role}", or --node is missing`)
    })
  },
}

async function becomeManager({ stateDir, runDir, io }: Host, nodeId: string): Promise<void> {
  const setup = takeManagerSetup(stateDir)
  // `ctl swarm join` with the managers' token sets the manager up itself, and may have been quicker.
  if (existsSync(managerConfigPath(stateDir))) return
  if (!setup) throw new ShoalError('failed-precondition', 'the cluster has not said how its store is reached')
  // The folders are those of this call, wherever they may have been when the agent was set up.
  await setUpManager(setup, nodeId, { ...readAgentConfig(stateDir), stateDir, runDir }, io)
  io.print('This node is a manager now.')
}

/** @throws failed-precondition for the manager of an embedded store, which is the cluster */
async function becomeWorker({ stateDir, runDir, io }: Host): Promise<void> {
  if (!existsSync(managerConfigPath(stateDir))) return
  const config = readManagerConfig(stateDir)
  if (config.store.kind === 'embedded') {
    throw new ShoalError('failed-precondition', 'the embedded store holds the cluster: it is not removed')
  }
  rememberAddresses(readAgentConfig(stateDir), config)
  await removeManager(stateDir, runDir, io)
  io.print('This node is a worker now.')
}
