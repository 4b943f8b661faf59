import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId, silentLogger, systemClock, systemRandom } from '@shoal/common'
import { newNodeRecord } from '@shoal/manager/ca/index'
import type { ManagerConfig } from '@shoal/manager/config'
import { foundCluster } from '@shoal/manager/founding'
import { openMembership } from '@shoal/manager/membership'
import { sealedStore, storeConfig } from '@shoal/manager/store-setup'
import { type LiveState, openState, put } from '@shoal/manager/state/index'
import { leaderKey } from '@shoal/manager/state/keys'
import type { Mutation, NodeRecord } from '@shoal/manager/state/records'
import { openStore, type Store } from '@shoal/manager/store/index'
import { freePort } from '../../support/free-port.js'

/** As many records go into one write. */
const CHUNK = 120

/** A cluster that lies in a store, and the folder of the manager that is to serve it. */
export interface SeededCluster {
  readonly folder: string
  readonly clusterId: string
  /** PEM. */
  readonly rootCertificate: string
  readonly rootKey: string
  /** The nodes that have joined, without the manager's own. */
  readonly nodeIds: readonly string[]
}

export type SeedStore = ManagerConfig['store']

export interface SeedOptions {
  /** How many nodes join. */
  readonly nodes: number
  /** What is known of a node; without it no more than that it has joined. */
  readonly node?: (id: string, index: number) => NodeRecord
  /** Further records, given the IDs of the nodes. */
  readonly more?: (nodeIds: readonly string[]) => Iterable<Mutation>
}

/**
 * Founds a cluster as a manager does, and has nodes join it, but without a process: their records are written as the
 * join would. (10 000 joins one by one would measure the making of certificates.)
 */
export async function seedCluster(
  store: SeedStore,
  { nodes, node = joined, more = () => [] }: SeedOptions,
): Promise<SeededCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const config = await managerConfig(folder, store)
  mkdirSync(join(folder, 'manager'))
  writeFileSync(join(folder, 'manager', 'config.json'), JSON.stringify(config))
  const membership = openMembership(join(folder, 'manager', 'membership.json'), true, systemRandom)
  const deps = { clock: systemClock, random: systemRandom, log: silentLogger }
  const opened = sealedStore(await openStore(storeConfig(config), deps), membership, systemRandom)
  const state = await leadingState(opened, membership.clusterId)
  await foundCluster({ ...deps, config, membership, state })
  const nodeIds = Array.from({ length: nodes }, () => newId(systemRandom))
  await commitAll(
    state,
    nodeIds.map((id, index) => put('node', node(id, index))),
  )
  await commitAll(state, more(nodeIds))
  const { RootCertificate = '', RootKey = '' } = state.cluster()?.Shoal ?? {}
  await opened.commit({
    compares: [],
    operations: [{ type: 'delete', key: leaderKey(membership.clusterId) }],
  })
  await opened.close()
  return {
    folder,
    clusterId: membership.clusterId,
    rootCertificate: RootCertificate,
    rootKey: RootKey,
    nodeIds,
  }
}

/** A configuration on free ports of loopback. */
async function managerConfig(folder: string, store: SeedStore): Promise<ManagerConfig> {
  const [agents, api, metrics] = [await freePort(), await freePort(), await freePort()]
  return {
    stateDir: folder,
    runDir: folder,
    socketPath: join(folder, 'manager.sock'),
    listenAddress: `127.0.0.1:${agents}`,
    apiAddress: `127.0.0.1:${api}`,
    metricsAddress: `127.0.0.1:${metrics}`,
    advertiseAddress: '127.0.0.1',
    store,
    initialise: false,
    logLevel: 'info',
  }
}

/** A state that leads by a key of its own. */
export async function leadingState(store: Store, cluster: string): Promise<LiveState> {
  const key = leaderKey(cluster)
  const won = await store.commit({ compares: [], operations: [{ type: 'put', key, value: '{}' }] })
  if (!won.committed) throw new Error('a put without compares was refused')
  const signal = new AbortController().signal
  const state = await openState({ store, cluster, clock: systemClock, log: silentLogger, signal })
  await state.lead({ key, revision: won.revision })
  return state
}

/** Writes all mutations, many at a time. */
export async function commitAll(state: LiveState, mutations: Iterable<Mutation>): Promise<void> {
  const all = [...mutations]
  const chunks: Promise<void>[] = []
  for (let from = 0; from < all.length; from += CHUNK)
    chunks.push(state.commit(all.slice(from, from + CHUNK)))
  await Promise.all(chunks)
}

function joined(id: string): NodeRecord {
  return newNodeRecord({ id, role: 'worker', address: '127.0.0.1', nowMs: systemClock.now() })
}
