import { readFileSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, type Logger, newId, type Random, ShoalError, toTimestamp } from '@shoal/common'
import { readBackup } from '@shoal/common/backup'
import { loadIdentity, peerOfIdentity } from '@shoal/common/tls/index'
import { type ManagerConfig, writeDurably, writeManagerConfig } from '../config.js'
import { joinAddress } from '../founding.js'
import { type Membership, newSealKey } from '../membership.js'
import { openStore } from '../store/index.js'
import { sealedStore, storeConfig } from '../store-setup.js'
import { fillPrefix } from './fill.js'
import { restoredRecords } from './restored.js'

export interface RestoreParts {
  /** Of the manager to be; its store must not hold the cluster. */
  readonly config: ManagerConfig
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/**
 * Brings a cluster back from a backup, for a manager on this host that is started afterwards: fills the store, and
 * then writes whose manager it is, and last its configuration. Until that has been written it can be begun anew.
 * @returns the cluster's ID and that of the manager's node
 * @throws ShoalError `invalid-argument` for a file that is no whole backup, `failed-precondition` when the store holds
 *   the cluster already, or this host's agent is a member of another; `unavailable`; the file system's errors
 */
export async function restoreCluster(
  parts: RestoreParts,
  backupPath: string,
): Promise<{ readonly clusterId: string; readonly nodeId: string }> {
  const { config, clock, random } = parts
  const { header, records } = readBackup(readFileSync(backupPath, 'utf8'))
  const clusterId = header.cluster
  const nodeId = await nodeOfThisHost(parts, clusterId)
  const self = { nodeId, address: config.advertiseAddress, joinAddress: joinAddress(config) }
  const restored = restoredRecords(records, self, clock.now())
  const sealKey = newSealKey(random)
  const raw = await openStore(storeConfig(config), parts)
  const store = sealedStore(raw, { sealKey }, random)
  try {
    await fillPrefix(store, clusterId, restored, toTimestamp(clock.now()), raw)
  } finally {
    await store.close()
  }
  const folder = join(config.stateDir, 'manager')
  writeDurably(
    join(folder, 'membership.json'),
    JSON.stringify({ clusterId, nodeId, sealKey } satisfies Membership),
  )
  writeManagerConfig(join(folder, 'config.json'), { ...config, initialise: false })
  return { clusterId, nodeId }
}

/** A host whose agent is a member already stays the node that it is, and its tasks stay with it. */
async function nodeOfThisHost({ config, random }: RestoreParts, clusterId: string): Promise<string> {
  const identity = await loadIdentity(fs, join(config.stateDir, 'agent', 'tls'))
  if (!identity) return newId(random)
  const peer = peerOfIdentity(identity)
  if (peer.clusterId === clusterId) return peer.nodeId
  throw new ShoalError(
    'failed-precondition',
    `the agent of this host is a member of another cluster (${peer.clusterId}): leave that one first`,
  )
}
