import { join } from 'node:path'
import { type Clock, type Logger, type Random, sleep } from '@shoal/common'
import { AddressBook } from './allocator/index.js'
import { type ApiOptions, type EtcdAccess, EventLog, WriteQueue } from './api/index.js'
import {
  CertificateAuthority,
  createEnrollmentHandlers,
  joinTokens,
  ManagerIdentity,
  requireRole,
  rotateJoinToken,
  tlsInfoOf,
} from './ca/index.js'
import type { ManagerConfig } from './config.js'
import { clusterNews, createDispatcher, type Dispatcher, notPrimary, roleOf } from './dispatcher/index.js'
import { Election } from './election.js'
import { readFacts } from './facts.js'
import { Forwarder } from './forward/index.js'
import { apiAddress, foundCluster, joinAddress, keepHostProvisioned, provisionHost } from './founding.js'
import { ManagerDirectory, type ManagerInfo, probeTcp } from './leader/index.js'
import { listenForAgents, listenOnHttps, listenOnMetrics, listenOnSocket } from './listeners.js'
import { type Membership, openMembership } from './membership.js'
import { untilNoManager, whyNoManager } from './membership-watch.js'
import { managerAddresses } from './manager-addresses.js'
import { createMetrics } from './metrics/index.js'
import { Beats } from './node-health/index.js'
import { type PrimaryParts, startLoops } from './primary.js'
import { Role } from './role.js'
import { SchedulerDesk } from './scheduler/index.js'
import { type LiveState, openState } from './state/index.js'
import { openStore, type Store } from './store/index.js'
import { managerSetup, NO_OTHER_MANAGER, sealedStore, storeConfig } from './store-setup.js'
import { finishTransfer, setEmbeddedStoreAside, TransferService } from './transfer/index.js'

export interface ManagerParts {
  readonly config: ManagerConfig
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Whoever runs the manager as a process, and can move the cluster while it does not run. */
  readonly mover?: {
    /** Why the last move did not take place. */
    readonly failure?: string
    readonly onMove: (access: EtcdAccess) => void
  }
}

/** A manager that serves: as the primary, or as a secondary until it becomes one. */
export interface Manager {
  readonly nodeId: string
  readonly clusterId: string
  /** Resolves with the reason when the cluster wants no manager on this node any more: it is then to be stopped. */
  readonly retired: Promise<string>
  /** Lets go of the leadership at once, then ends everything in the reverse order of the start. */
  stop(): Promise<void>
}

/** How long a manager that is no longer wanted goes on answering, in milliseconds. */
const LAST_ANSWERS_MS = 1_000

/** What is open, newest last, to be closed newest first. */
class Closers {
  readonly #closers: (() => unknown)[] = []

  add(close: () => unknown): void {
    this.#closers.push(close)
  }

  async closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }
}

/**
 * Wires a manager together and starts it, bottom up: store, state, certificates, listeners, election. It returns
 * when it can be asked; whether it leads by then is open, except for the founder of a cluster.
 * @throws ShoalError when the store, an address or a file cannot be used, or the store holds no cluster and none
 *   may be made; what was started is stopped again
 */
export async function startManager(parts: ManagerParts): Promise<Manager> {
  const closers = new Closers()
  try {
    return await start(parts, closers)
  } catch (error) {
    await closers.closeAll()
    throw error
  }
}

/** What every manager has, whether it leads or not. */
interface Base {
  readonly parts: ManagerParts
  readonly membership: Membership
  /** As it lies on disk: what is confidential is sealed. */
  readonly raw: Store
  readonly store: Store
  readonly state: LiveState
  readonly book: AddressBook
  readonly role: Role
  readonly directory: ManagerDirectory
  readonly identity: ManagerIdentity
}

async function start(parts: ManagerParts, closers: Closers): Promise<Manager> {
  const { config, clock, random, log } = parts
  const folder = join(config.stateDir, 'manager')
  const membership = openMembership(join(folder, 'membership.json'), config.initialise, random)
  const stopping = new AbortController()
  const { signal } = stopping

  const raw = await openStore(storeConfig(config), parts)
  const store = sealedStore(raw, membership, random)
  closers.add(() => store.close())
  const cluster = membership.clusterId
  await finishTransfer(store, cluster)
  setEmbeddedStoreAside(config, clock.now())
  const state = await openState({ ...parts, store, cluster, signal })
  const book = new AddressBook({ state, clock }).follow(signal)
  const directory = await ManagerDirectory.open({ store, cluster, clock, log, signal })
  closers.add(() => stopping.abort())
  const role = new Role()
  const election = new Election({
    cluster,
    info: infoOf(config, membership),
    initialise: config.initialise,
    store,
    state,
    role,
    probe: probeTcp(clock),
    clock,
    log,
    signal,
  })
  const host = { config, membership, state, clock, random }
  if (!state.cluster()) {
    closers.add(() => election.end())
    await election.winFirst()
    await foundCluster(host)
  }
  const reason = whyNoManager(state, membership.nodeId)
  if (reason !== undefined) {
    const retired = Promise.resolve(reason)
    return { nodeId: membership.nodeId, clusterId: cluster, retired, stop: () => closers.closeAll() }
  }
  await provisionHost(host)
  void keepHostProvisioned(host, log, signal)
  const identity = await openIdentity(parts, membership, state)
  void identity.run(signal)

  const base: Base = { parts, membership, raw, store, state, book, role, directory, identity }
  const beats = new Beats(clock)
  const dispatcher = dispatcherOf(base, beats)
  const desk = new SchedulerDesk()
  closers.add(directory.onChange(() => dispatcher.newsChanged()))
  await listen(base, { dispatcher, beats, desk }, closers)
  // Last, so that it ends first: the next primary need not wait until this manager has closed everything.
  closers.add(() => election.end())
  election.run((term) => void startLoops({ ...parts, state, dispatcher, beats, book, desk }, term.signal))
  log.info({ node: membership.nodeId, cluster }, 'the manager serves')
  const retired = untilNoManager(state, membership.nodeId, signal).then(async (why) => {
    await election.end()
    // Whoever asked for it through this manager is still to be answered.
    await sleep(clock, LAST_ANSWERS_MS, signal)
    return why
  })
  return { nodeId: membership.nodeId, clusterId: cluster, retired, stop: () => closers.closeAll() }
}

function openIdentity(
  { config, clock, random, log }: ManagerParts,
  { nodeId }: Membership,
  state: LiveState,
): Promise<ManagerIdentity> {
  return ManagerIdentity.open({
    directory: join(config.stateDir, 'manager', 'tls'),
    cluster: () => state.cluster(),
    nodeId,
    names: [config.advertiseAddress],
    clock,
    random,
    log,
  })
}

/** What this manager tells the others of itself. */
function infoOf(config: ManagerConfig, { nodeId }: Membership): ManagerInfo {
  return { managerId: nodeId, address: joinAddress(config), apiAddress: apiAddress(config) }
}

/** `host:port` of every manager's 2377, the primary's first. */
function addressesOf({ state, directory, parts }: Base): string[] {
  const known = managerAddresses(state, directory)
  return known.length > 0 ? known : [joinAddress(parts.config)]
}

/** Whom to send agents and newcomers to that come here while this manager does not lead: never itself. */
function primaryElsewhere({ directory, membership }: Base): string | undefined {
  const leader = directory.leader()
  return leader?.managerId === membership.nodeId ? undefined : leader?.address
}

function dispatcherOf(base: Base, beats: Beats): Dispatcher {
  const { state, parts, membership } = base
  const setup = managerSetup(parts.config, membership)
  return createDispatcher({
    state,
    clock: parts.clock,
    log: parts.log.child({ part: 'dispatcher' }),
    beats,
    authenticate: (call) => requireRole(call, ['worker', 'manager']),
    news: () => clusterNews(state, addressesOf(base)),
    roleOf: (node) => roleOf(node, setup),
    primary: () => primaryElsewhere(base),
  })
}

function transferOf({ parts, membership, raw, store }: Base, release: string): TransferService | undefined {
  const { mover, ...rest } = parts
  if (!mover) return undefined
  return new TransferService({
    ...rest,
    cluster: membership.clusterId,
    raw,
    store,
    release,
    ...(mover.failure !== undefined && { moveFailure: mover.failure }),
    onMove: mover.onMove,
  })
}

/** Opens everything that is listened on; the order of `closers` closes it again. */
async function listen(
  base: Base,
  { dispatcher, beats, desk }: Pick<PrimaryParts, 'dispatcher' | 'beats' | 'desk'>,
  closers: Closers,
): Promise<void> {
  const { parts, membership, state, book, role, directory, identity } = base
  const { config, clock, random, log } = parts
  const setup = managerSetup(config, membership)
  const refuseManagers = setup ? {} : { refuseManagers: NO_OTHER_MANAGER }
  const enrollment = createEnrollmentHandlers({
    authority: new CertificateAuthority({ state, clock, random, ...refuseManagers }),
    managers: () => addressesOf(base),
    ...(setup && { managerSetup: setup }),
    redirect: () => (role.primary ? undefined : notPrimary(primaryElsewhere(base))),
    log,
  })
  closers.add(
    await listenForAgents(
      config.listenAddress,
      identity,
      { dispatcher: dispatcher.handlers, enrollment },
      { clock, crowded: () => beats.crowded(), log },
    ),
  )
  const managerId = membership.nodeId
  const passOn = new Forwarder({
    managerId,
    role,
    directory,
    identity: () => identity.current,
    clock,
    log,
  })
  closers.add(() => passOn.close())
  const facts = readFacts(config, membership, directory)
  const transfer = transferOf(base, facts.version)
  const events = new EventLog(state, clock)
  closers.add(() => events.close())
  const api: ApiOptions = {
    writes: new WriteQueue(),
    events,
    state,
    book,
    clock,
    random,
    log,
    facts,
    ...refuseManagers,
    ca: { joinTokens, rotateJoinToken, tlsInfoOf },
    passOn,
    engines: dispatcher.engines,
    askNodes: (subject) => desk.explain(subject),
    onceArrived: dispatcher.onceArrived,
    onceDeparted: dispatcher.onceDeparted,
    ...(transfer && { transfer }),
  }
  closers.add(await listenOnSocket(api, config.socketPath))
  closers.add(await listenOnHttps(api, identity, config.apiAddress))
  const metrics = createMetrics(state, () => dispatcher.connectedNodes().size)
  closers.add(await listenOnMetrics(metrics, config.metricsAddress, log))
}
