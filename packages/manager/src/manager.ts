import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Logger, Random } from '@shoal/common'
import { type ApiOptions, WriteQueue } from './api/index.js'
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
import { clusterNews, createDispatcher, type Dispatcher } from './dispatcher/index.js'
import { readFacts } from './facts.js'
import { foundCluster, joinAddress, keepHostProvisioned, provisionHost } from './founding.js'
import { campaign, type Leadership } from './leader/index.js'
import { DEFAULT_LOOP, KeyedLoop } from './loops/keyed-loop.js'
import { listenForAgents, listenOnHttps, listenOnMetrics, listenOnSocket } from './listeners.js'
import { openMembership, type Membership } from './membership.js'
import { createMetrics } from './metrics/index.js'
import { Beats, createNodeHealth } from './node-health/index.js'
import { createReaper, createServiceReconciler } from './orchestrator/index.js'
import { createScheduler } from './scheduler/index.js'
import { type LiveState, openState } from './state/index.js'
import { openStore, type Store, type StoreConfig } from './store/index.js'

/** After a crash of the primary another manager may lead this much later, in milliseconds. */
const LEADER_TTL_MS = 5_000

export interface ManagerParts {
  readonly config: ManagerConfig
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** A manager that leads and serves. */
export interface Manager {
  readonly nodeId: string
  /** Aborts when this manager may not lead any more; it then has to be stopped. */
  readonly deposed: AbortSignal
  /** Ends everything in the reverse order of the start. */
  stop(): Promise<void>
}

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
 * Wires a manager together and starts it, bottom up: store, state, leadership, certificates, loops, listeners.
 * @throws ShoalError when the store, an address or a file cannot be used; what was started is stopped again
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

async function start(parts: ManagerParts, closers: Closers): Promise<Manager> {
  const { config, clock, random, log } = parts
  const folder = join(config.stateDir, 'manager')
  const membership = openMembership(join(folder, 'membership.json'), config.initialise, random)
  const stopping = new AbortController()

  const store = await openStore(storeConfig(config), parts)
  closers.add(() => store.close())
  const state = await openState({ ...parts, store, cluster: membership.clusterId, signal: stopping.signal })
  closers.add(() => stopping.abort())
  const leadership = await lead(parts, membership, store, state, stopping.signal)
  closers.add(() => leadership.resign())

  const host = { config, membership, state, clock, random }
  await foundCluster(host)
  await provisionHost(host)
  void keepHostProvisioned(host, log, stopping.signal)

  const identity = await ManagerIdentity.open({
    directory: join(folder, 'tls'),
    cluster: () => state.cluster(),
    nodeId: membership.nodeId,
    names: [config.advertiseAddress],
    clock,
    random,
    log,
  })
  void identity.run(stopping.signal)

  const dispatcher = startLoops(parts, state, stopping.signal)
  const authority = new CertificateAuthority({ state, clock, random })
  const managers = (): string[] => [joinAddress(config)]
  const enrollment = createEnrollmentHandlers({ authority, managers, log })
  closers.add(
    await listenForAgents(config.listenAddress, identity, { dispatcher: dispatcher.handlers, enrollment }),
  )
  const api: ApiOptions = {
    writes: new WriteQueue(),
    state,
    clock,
    random,
    log,
    facts: readFacts(config, membership),
    ca: { joinTokens, rotateJoinToken, tlsInfoOf },
  }
  closers.add(await listenOnSocket(api, config.socketPath))
  closers.add(await listenOnHttps(api, identity, config.apiAddress))
  const metrics = createMetrics(state, () => dispatcher.connectedNodes().size)
  closers.add(await listenOnMetrics(metrics, config.metricsAddress, log))
  log.info({ node: membership.nodeId, cluster: membership.clusterId }, 'the manager leads')
  return {
    nodeId: membership.nodeId,
    deposed: AbortSignal.any([leadership.lost, state.deposed]),
    stop: () => closers.closeAll(),
  }
}

async function lead(
  { config, clock, log }: ManagerParts,
  { clusterId, nodeId }: Membership,
  store: Store,
  state: LiveState,
  signal: AbortSignal,
): Promise<Leadership> {
  const leadership = await campaign({
    store,
    cluster: clusterId,
    managerId: nodeId,
    address: joinAddress(config),
    ttlMs: LEADER_TTL_MS,
    clock,
    log,
    signal,
  })
  await state.lead(leadership)
  return leadership
}

/** Starts everything that only the primary runs. */
function startLoops(parts: ManagerParts, state: LiveState, signal: AbortSignal): Dispatcher {
  const { config, clock, random, log } = parts
  const beats = new Beats(clock)
  const dispatcher = createDispatcher({
    state,
    clock,
    log: log.child({ part: 'dispatcher' }),
    beats,
    authenticate: (call) => requireRole(call, ['worker', 'manager']),
    news: () => clusterNews(state, [joinAddress(config)]),
  })
  for (const reconciler of [createServiceReconciler({ state, clock, random }), createReaper({ state })]) {
    new KeyedLoop(state, reconciler, { ...DEFAULT_LOOP, clock, log }).start(signal)
  }
  createScheduler({ state, clock, random, log: log.child({ part: 'scheduler' }) }).start(signal)
  createNodeHealth({ state, clock, log, beats }).start(signal)
  dispatcher.start(signal)
  return dispatcher
}

function storeConfig({ store, stateDir }: ManagerConfig): StoreConfig {
  if (store.kind === 'embedded') return { kind: 'embedded', directory: join(stateDir, 'manager', 'store') }
  const { endpoints, caFile, certFile, keyFile } = store
  const read = (path: string): string => readFileSync(path, 'utf8')
  return {
    kind: 'etcd',
    endpoints,
    ...(caFile !== undefined && { ca: read(caFile) }),
    ...(certFile !== undefined && { cert: read(certFile) }),
    ...(keyFile !== undefined && { key: read(keyFile) }),
  }
}
