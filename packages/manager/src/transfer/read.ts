import { toTimestamp } from '@shoal/common'
import type { Backup } from '@shoal/common/backup'
import { clusterPrefix, isCarried } from '../state/keys.js'
import type { Store } from '../store/contract.js'

/**
 * Everything of the cluster that lasts, as it stood together at one revision of the store.
 * @param nowMs milliseconds since the epoch
 * @param release of this manager
 * @throws ShoalError `unavailable` when the store cannot be reached
 */
export async function readCluster(
  store: Store,
  cluster: string,
  { nowMs, release }: { readonly nowMs: number; readonly release: string },
): Promise<Backup> {
  const prefix = clusterPrefix(cluster)
  const { revision, entries } = await store.snapshot(prefix)
  const records = entries
    .filter(({ key }) => isCarried(cluster, key))
    .map(({ key, value }) => ({ key: key.slice(prefix.length), value }))
  return { header: { cluster, createdAt: toTimestamp(nowMs), release, revision }, records }
}
