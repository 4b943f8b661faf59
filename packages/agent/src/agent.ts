import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Clock, type Logger, type Random, ShoalError, sleep } from '@shoal/common'
import type { AssignedTask, NodeDescription } from '@shoal/engine-api'
import { type ManagerSetup__Output, wire } from '@shoal/proto'
import type { AgentConfig } from './config.js'
import { createDns, DEFAULT_DNS } from './dns/index.js'
import {
  connectDocker,
  DEFAULT_DOCKER,
  engineInfo,
  expandTemplate,
  type EngineInfo,
  type Executor,
  type NetworkEngine,
} from './executor/index.js'
import {
  type Admission,
  type AgentIdentity,
  MANAGER_CHANNEL_OPTIONS,
  obtainIdentity,
} from './identity/index.js'
import { apart, ensureTmpfs, StoredValues, TaskFiles } from './files/index.js'
import { closable, type ClosableAssignments, giveUpTasks, leave } from './leaving.js'
import {
  DEFAULT_DRAIN,
  DEFAULT_HOST_NETWORK,
  HostNetwork,
  runProgram,
  watchProgram,
} from './network/index.js'
import { DEFAULT_RELAYS, Relays } from './relay/index.js'
import { createUseMeter, describeHost, parseGenericResources } from './resources/index.js'
import { RoleKeeper, runCtl } from './role/index.js'
import {
  createSession,
  type DocumentHandler,
  type Session,
  SESSION_CHANNEL_OPTIONS,
  together,
} from './session/index.js'
import {
  FileAssignmentStore,
  FileDocumentStore,
  FileManagerList,
  KeptDocuments,
  readBootId,
} from './storage/index.js'
import { DEFAULT_WORKER, Worker } from './worker/index.js'

const ENGINE_RETRY_MS = 500

export interface AgentParts {
  readonly config: AgentConfig
  /** The path of ctl's main module, which starts and ends a manager on this host. */
  readonly ctl?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly signal: AbortSignal
}

/** An agent that has joined and runs. */
export interface Agent {
  readonly nodeId: string
  /** Stops and removes every task of this host, and tells the manager that the node leaves. */
  leave(): Promise<void>
  /** Resolves when nothing is under way any more; for after the signal has aborted. */
  stopped(): Promise<void>
}

/**
 * Wires an agent together and starts it: identity, engine, worker, session.
 * @throws ShoalError when the host cannot join, or its certificate serves no more
 */
export async function startAgent(parts: AgentParts): Promise<Agent> {
  const { config, clock, random, log, signal } = parts
  const folder = join(config.stateDir, 'agent')
  const managers = new FileManagerList(join(folder, 'managers.json'), config.managers)
  const { identity, admission } = await obtainIdentity({
    ...parts,
    directory: join(folder, 'tls'),
    managers: () => managers.load(),
    ...(config.joinToken !== undefined && { joinToken: config.joinToken }),
  })
  if (admission) await takeAdmission(admission, managers, folder)

  const engine = await waitForEngine(parts)
  const values = new StoredValues()
  const executor = await openExecutor(parts, identity, engine, values)
  const network = openNetwork(parts, executor, () => worker.tasks())
  // The worker and the session know each other only by these two functions.
  let session: Session | undefined
  const worker: Worker = new Worker({
    ...DEFAULT_WORKER,
    executor,
    networks: network,
    store: new FileAssignmentStore(join(folder, 'assignments'), log),
    bootId: await readBootId(),
    report: (taskId, status) => session?.report(taskId, status),
    clock,
    random,
    log,
  })
  const dns = createDns({ ...DEFAULT_DNS, tasks: () => worker.tasks(), clock, random, log, signal })
  const documents = openDocuments(folder, together(dns, network), log)
  // The tasks first: their addresses are part of the network that the documents describe.
  await worker.start(signal)
  await documents.takeUp()
  const assignments = closable(worker)
  const role = roleKeeper(parts, identity)
  session = openSession(parts, {
    managers,
    identity,
    executor,
    assignments,
    documents: apart(values, documents),
    role,
  })
  const running = [session.run(signal), identity.run(), role.run(signal)]
  return {
    nodeId: identity.nodeId,
    leave: () => leave({ worker, assignments, documents, network, executor, session, clock }),
    stopped: async () => {
      await Promise.all([...running, worker.stopped(), network.stop()])
    },
  }
}

/** For `ctl swarm join`, which starts a manager beside this agent, the setup lies in a file of its own. */
async function takeAdmission(
  { managers, managerSetup }: Admission,
  list: FileManagerList,
  folder: string,
): Promise<void> {
  await list.save(managers)
  if (managerSetup) await writeSetup(folder, managerSetup)
}

/** For ctl, which takes it away, for there are keys in it. It finds the whole or nothing: it may look at any time. */
async function writeSetup(folder: string, setup: ManagerSetup__Output): Promise<void> {
  const path = join(folder, 'manager-setup.json')
  await writeFile(`${path}.tmp`, JSON.stringify(setup), { mode: 0o600 })
  await rename(`${path}.tmp`, path)
}

function roleKeeper(parts: AgentParts, identity: AgentIdentity): RoleKeeper {
  const { stateDir, runDir } = parts.config
  const takeRole = (role: string): Promise<void> => {
    const folders = ['--state-dir', stateDir, '--run-dir', runDir]
    return runCtl(parts.ctl, ['swarm', 'take-role', ...folders, '--node', identity.nodeId, role])
  }
  return new RoleKeeper({
    ...parts,
    look: () => ({
      hasManager: existsSync(join(stateDir, 'manager', 'config.json')),
      certificate: identity.role,
    }),
    steps: {
      'start-manager': async ({ setup }) => {
        await writeSetup(join(stateDir, 'agent'), setup)
        await takeRole('manager')
      },
      'end-manager': () => takeRole('worker'),
      'renew-certificate': () => identity.renew(),
    },
  })
}

/** Removes the tasks of a host whose agent had no chance to: no manager is asked. */
export async function removeTasks(parts: AgentParts): Promise<void> {
  const { config, clock, random, log } = parts
  const folder = join(config.stateDir, 'agent')
  const { identity } = await obtainIdentity({
    ...parts,
    directory: join(folder, 'tls'),
    managers: () => config.managers,
  })
  const executor = await openExecutor(parts, identity, await waitForEngine(parts), new StoredValues())
  const network = openNetwork(parts, executor, () => [])
  const worker = new Worker({
    ...DEFAULT_WORKER,
    executor,
    networks: network,
    store: new FileAssignmentStore(join(folder, 'assignments'), log),
    bootId: await readBootId(),
    report: () => {},
    clock,
    random,
    log,
  })
  await worker.start(parts.signal)
  await giveUpTasks(worker, executor, clock)
  await openDocuments(folder, network, log).giveUp()
  await network.remove()
}

function openDocuments(folder: string, handler: DocumentHandler, log: Logger): KeptDocuments {
  return new KeptDocuments(new FileDocumentStore(join(folder, 'documents.jsonl'), log), handler, log)
}

function openNetwork(
  { clock, log }: AgentParts,
  engine: NetworkEngine,
  tasks: () => Iterable<AssignedTask>,
): HostNetwork {
  return new HostNetwork({
    ...DEFAULT_HOST_NETWORK,
    drain: DEFAULT_DRAIN,
    engine,
    tasks,
    run: runProgram,
    watch: watchProgram,
    clock,
    log,
  })
}

interface SessionParts {
  readonly managers: FileManagerList
  readonly identity: AgentIdentity
  readonly executor: Executor
  readonly assignments: ClosableAssignments
  readonly documents: DocumentHandler
  readonly role: RoleKeeper
}

function openSession({ config, clock, random, log }: AgentParts, parts: SessionParts): Session {
  const { managers, identity, executor, assignments, documents, role } = parts
  const channelOptions = { ...SESSION_CHANNEL_OPTIONS, ...MANAGER_CHANNEL_OPTIONS }
  return createSession({
    managers,
    connect: (address) => new wire.Dispatcher(address, identity.channelCredentials(), channelOptions),
    describeHost: async () => describe(config, await executor.info()),
    measureUse: createUseMeter(clock),
    onAssignments: assignments,
    onDocuments: documents,
    onRole: (wanted) => role.want(wanted),
    relays: new Relays({ ...DEFAULT_RELAYS, socketPath: config.dockerSocket, owner: identity, clock, log }),
    ...(config.advertiseAddress !== undefined && { advertiseAddress: config.advertiseAddress }),
    clock,
    random,
    log,
  })
}

function describe(config: AgentConfig, info: EngineInfo): NodeDescription {
  const description = describeHost(info, parseGenericResources(config.genericResources))
  return { ...description, Hostname: config.hostname ?? description.Hostname }
}

/** At boot the agent may be quicker than the Docker Engine. */
async function waitForEngine({ config, clock, log, signal }: AgentParts): Promise<EngineInfo> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await engineInfo(config.dockerSocket)
    } catch (error) {
      if (signal.aborted) throw new ShoalError('unavailable', 'the agent is stopping', error)
      if (attempt === 1)
        log.warn({ err: error, socket: config.dockerSocket }, 'waiting for the Docker Engine')
      await sleep(clock, ENGINE_RETRY_MS, signal)
    }
  }
}

function openExecutor(
  { config, clock, random, log }: AgentParts,
  identity: AgentIdentity,
  engine: EngineInfo,
  values: StoredValues,
): Promise<Executor & NetworkEngine> {
  const node = {
    nodeId: identity.nodeId,
    clusterId: identity.clusterId,
    hostname: config.hostname ?? (engine.hostname || hostname()),
    architecture: engine.architecture,
    os: engine.os,
  }
  const files = new TaskFiles({
    directory: join(config.runDir, 'files'),
    ensureMemoryOnly: ensureTmpfs,
    values,
    expand: (text, what, task, lookup) => expandTemplate(text, what, task, node, lookup),
    log,
  })
  return connectDocker({
    ...DEFAULT_DOCKER,
    socketPath: config.dockerSocket,
    node,
    files,
    clock,
    random,
    log,
  })
}
