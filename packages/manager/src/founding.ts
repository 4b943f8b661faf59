import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, type Logger, type Random, sleep } from '@shoal/common'
import { type Identity, loadIdentity, peerOfIdentity, saveIdentity } from '@shoal/common/tls/index'
import { planIngress } from './allocator/index.js'
import { issueClient, newClusterRecord, newNodeRecord, provisionAgent } from './ca/index.js'
import type { ManagerConfig } from './config.js'
import type { Membership } from './membership.js'
import { put, type ClusterRecord, type State } from './state/index.js'

export interface FoundingParts {
  readonly config: ManagerConfig
  readonly membership: Membership
  readonly state: State
  readonly clock: Clock
  readonly random: Random
}

/**
 * Makes the cluster's first records, unless the store has them: the cluster, the node of this manager, and the
 * ingress network, which keeps clear of the node's address.
 */
export async function foundCluster({
  config,
  membership,
  state,
  clock,
  random,
}: FoundingParts): Promise<void> {
  if (state.cluster()) return
  const nowMs = clock.now()
  const node = newNodeRecord({
    id: membership.nodeId,
    role: 'manager',
    address: config.advertiseAddress,
    nowMs,
  })
  await state.commit([
    put('cluster', newClusterRecord({ id: membership.clusterId, nowMs, random })),
    put('node', {
      ...node,
      ManagerStatus: { Leader: true, Reachability: 'reachable', Addr: joinAddress(config) },
    }),
  ])
  await state.commit(planIngress(state, nowMs, random))
}

/** How long before its end a local client's certificate is replaced. */
const RENEW_BEFORE_MS = 30 * 24 * 60 * 60 * 1000
/** How often `keepHostProvisioned` looks. */
const PROVISION_PERIOD_MS = 12 * 60 * 60 * 1000

/** Gives the agent of this host and the local clients what they need to show; what serves already stays. */
export async function provisionHost({ config, membership, state, clock }: FoundingParts): Promise<void> {
  const cluster = state.cluster()
  if (!cluster) return
  const nowMs = clock.now()
  // Its agent renews its own certificate: it only has to have one to begin with.
  await provision(join(config.stateDir, 'agent', 'tls'), cluster, nowMs, () =>
    provisionAgent(cluster, membership.nodeId, nowMs),
  )
  await provision(join(config.stateDir, 'client'), cluster, nowMs + RENEW_BEFORE_MS, () =>
    issueClient(cluster, 'admin', nowMs),
  )
}

/** Looks after the local certificates until `signal` aborts. It never rejects. */
export async function keepHostProvisioned(
  parts: FoundingParts,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(parts.clock, PROVISION_PERIOD_MS, signal)
    try {
      if (!signal.aborted) await provisionHost(parts)
    } catch (error) {
      log.error({ err: error }, 'the local certificates could not be looked after')
    }
  }
}

/** @param neededUntilMs a stored identity that ends before is replaced (milliseconds since the epoch) */
async function provision(
  folder: string,
  cluster: ClusterRecord,
  neededUntilMs: number,
  issue: () => Identity,
): Promise<void> {
  const stored = await loadIdentity(fs, folder)
  const peer = stored && peerOfIdentity(stored)
  const serves = peer && peer.clusterId === cluster.ID && peer.notAfterMs > neededUntilMs
  if (!serves) await saveIdentity(fs, folder, issue())
}

/** `host:port` at which agents and other managers reach this one. */
export function joinAddress(config: ManagerConfig): string {
  return `${config.advertiseAddress}:${portOf(config.listenAddress)}`
}

/** `host:port` at which others reach this manager's Engine API. */
export function apiAddress(config: ManagerConfig): string {
  return `${config.advertiseAddress}:${portOf(config.apiAddress)}`
}

/** The port of an `address:port`. */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

/** The address of an `address:port`, without the brackets of IPv6. */
export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
}
