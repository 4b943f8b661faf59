import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import type { Server as HttpsServer } from 'node:https'
import { dirname, join } from 'node:path'
import { Server } from '@grpc/grpc-js'
import { type Clock, type Logger, type Random, ShoalError } from '@shoal/common'
import { wire } from '@shoal/proto'
import type { FastifyInstance } from 'fastify'
import { createApi, type ApiOptions, WriteQueue } from './api/index.js'
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
import {
  clusterNews,
  createDispatcher,
  DISPATCHER_SERVER_OPTIONS,
  type Dispatcher,
} from './dispatcher/index.js'
import { readFacts } from './facts.js'
import { foundCluster, hostOf, keepHostProvisioned, portOf, provisionHost } from './founding.js'
import { campaign, type Leadership } from './leader/index.js'
import { DEFAULT_LOOP, KeyedLoop } from './loops/keyed-loop.js'
import { openMembership, type Membership } from './membership.js'
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
  closers.add(await listenForAgents(parts, state, identity, dispatcher))
  const api: ApiOptions = {
    writes: new WriteQueue(),
    state,
    clock,
    random,
    log,
    facts: readFacts(config, membership),
    ca: { joinTokens, rotateJoinToken, tlsInfoOf },
  }
  closers.add(await listenOnSocket(createApi(api), config.socketPath))
  closers.add(await listenOnHttps(api, identity, config.apiAddress))
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
  const address = `${config.advertiseAddress}:${portOf(config.listenAddress)}`
  const leadership = await campaign({
    store,
    cluster: clusterId,
    managerId: nodeId,
    address,
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
  const managers = [`${config.advertiseAddress}:${portOf(config.listenAddress)}`]
  const dispatcher = createDispatcher({
    state,
    clock,
    log: log.child({ part: 'dispatcher' }),
    beats,
    authenticate: (call) => requireRole(call, ['worker', 'manager']),
    news: () => clusterNews(state, managers),
  })
  for (const reconciler of [createServiceReconciler({ state, clock, random }), createReaper({ state })]) {
    new KeyedLoop(state, reconciler, { ...DEFAULT_LOOP, clock, log }).start(signal)
  }
  createScheduler({ state, clock, random, log: log.child({ part: 'scheduler' }) }).start(signal)
  createNodeHealth({ state, clock, log, beats }).start(signal)
  dispatcher.start(signal)
  return dispatcher
}

async function listenForAgents(
  { config, clock, random, log }: ManagerParts,
  state: LiveState,
  identity: ManagerIdentity,
  dispatcher: Dispatcher,
): Promise<() => unknown> {
  const authority = new CertificateAuthority({ state, clock, random })
  const managers = (): string[] => [`${config.advertiseAddress}:${portOf(config.listenAddress)}`]
  const server = new Server(DISPATCHER_SERVER_OPTIONS)
  server.addService(wire.Dispatcher.service, dispatcher.handlers)
  server.addService(wire.Enrollment.service, createEnrollmentHandlers({ authority, managers, log }))
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(config.listenAddress, identity.serverCredentials, (error) =>
      error ? reject(cannotListen(config.listenAddress, error)) : resolve(),
    )
  })
  return () => server.forceShutdown()
}

/** Local root is let in by the permissions of the socket. */
async function listenOnSocket(api: FastifyInstance, path: string): Promise<() => unknown> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  rmSync(path, { force: true })
  const previousMask = process.umask(0o177)
  try {
    await api.listen({ path })
  } catch (error) {
    throw cannotListen(path, error)
  } finally {
    process.umask(previousMask)
  }
  return () => api.close()
}

async function listenOnHttps(
  options: ApiOptions,
  identity: ManagerIdentity,
  address: string,
): Promise<() => unknown> {
  const api = createApi({ ...options, https: identity.httpsOptions() })
  try {
    await api.listen({ host: hostOf(address), port: portOf(address) })
  } catch (error) {
    throw cannotListen(address, error)
  }
  const stopRefreshing = identity.keepHttpsFresh(api.server as HttpsServer)
  return () => {
    stopRefreshing()
    return api.close()
  }
}

function cannotListen(address: string, cause: unknown): ShoalError {
  return new ShoalError('unavailable', `cannot listen on ${address}: ${(cause as Error).message}`, cause)
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
