import { ShoalError } from '@shoal/common'
import type { BackupRecord } from '@shoal/common/backup'
import { clusterPrefix, transferKey } from '../state/keys.js'
import {
  MAX_TRANSACTION_OPERATIONS,
  type CommitResult,
  type Entry,
  type Operation,
  type Store,
} from '../store/contract.js'

/** etcd refuses requests beyond 1.5 MiB: no record may be larger than this, in bytes. */
export const LARGEST_RECORD_BYTES = 1_400_000
const LARGEST_BATCH_BYTES = 1_000_000

/** What stands under the key of a transfer. */
export interface Filling {
  /** `filling`: not all is there yet, nobody may use it. `complete`: all is there, and nobody has used it yet. */
  readonly state: 'filling' | 'complete'
  /** RFC 3339. */
  readonly since: string
}

/** How a cluster's prefix stands in a store. */
export type FilledPrefix =
  | { readonly kind: 'empty' }
  /** An earlier transfer has begun here, and no manager has used what it brought. */
  | { readonly kind: 'abandoned'; readonly marker: Entry; readonly keys: readonly string[] }
  | { readonly kind: 'in-use'; readonly keys: number }

/** @throws ShoalError `unavailable` */
export async function inspectPrefix(store: Store, cluster: string): Promise<FilledPrefix> {
  const { entries } = await store.snapshot(clusterPrefix(cluster))
  if (entries.length === 0) return { kind: 'empty' }
  const marker = entries.find(({ key }) => key === transferKey(cluster))
  if (!marker) return { kind: 'in-use', keys: entries.length }
  return {
    kind: 'abandoned',
    marker,
    keys: entries.map(({ key }) => key).filter((key) => key !== marker.key),
  }
}

/** @throws ShoalError `failed-precondition` when a cluster's records are in use there */
export function refuseInUse(
  prefix: FilledPrefix,
  cluster: string,
): asserts prefix is Exclude<FilledPrefix, { kind: 'in-use' }> {
  if (prefix.kind !== 'in-use') return
  throw new ShoalError(
    'failed-precondition',
    `the store holds a cluster already: ${prefix.keys} keys below ${clusterPrefix(cluster)}`,
  )
}

/**
 * Writes a cluster's records into a store in which it is not in use, and compares what is there afterwards with what
 * should be. The key of the transfer stands from the beginning, is compared by every write, and stays, `complete`:
 * a crash leaves what can be told from a cluster in use, and of two transfers at a time one is refused.
 * @param raw the same store as it lies on disk: what is left there may have been sealed with another key
 * @throws ShoalError `failed-precondition` for a prefix in use, `conflict` when another transfer comes in between,
 *   `invalid-argument` for a record that is too large, `unavailable`
 */
export async function fillPrefix(
  store: Store,
  cluster: string,
  records: readonly BackupRecord[],
  since: string,
  raw = store,
): Promise<void> {
  const prefix = await inspectPrefix(raw, cluster)
  refuseInUse(prefix, cluster)
  const old = prefix.kind === 'abandoned' ? prefix.marker.revision : 0
  const revision = await mark(store, cluster, old, { state: 'filling', since })
  const leftOver = prefix.kind === 'abandoned' ? prefix.keys : []
  const puts = records.map(({ key, value }): Operation => ({
    type: 'put',
    key: clusterPrefix(cluster) + key,
    value,
  }))
  const compares = [{ key: transferKey(cluster), revision }]
  const deletes = leftOver.map((key): Operation => ({ type: 'delete', key }))
  for (const operations of [...batches(deletes), ...batches(puts)]) {
    revisionOf(await store.commit({ compares, operations }))
  }
  await check(store, cluster, records)
  await mark(store, cluster, revision, { state: 'complete', since })
}

/**
 * For the manager whose configuration names this store: takes over what a transfer has brought.
 * @throws ShoalError `failed-precondition` when the transfer has not come to its end; `unavailable`
 */
export async function finishTransfer(store: Store, cluster: string): Promise<void> {
  const { entries } = await store.snapshot(transferKey(cluster))
  const marker = entries.find(({ key }) => key === transferKey(cluster))
  if (!marker) return
  const { state, since } = JSON.parse(marker.value) as Filling
  if (state !== 'complete') {
    throw new ShoalError(
      'failed-precondition',
      `the store holds only a part of the cluster: its transfer of ${since} did not end`,
    )
  }
  const { key, revision } = marker
  // A second manager that starts at the same time may have been quicker.
  await store.commit({ compares: [{ key, revision }], operations: [{ type: 'delete', key }] })
}

async function mark(store: Store, cluster: string, revision: number, filling: Filling): Promise<number> {
  const key = transferKey(cluster)
  return revisionOf(
    await store.commit({
      compares: [{ key, revision }],
      operations: [{ type: 'put', key, value: JSON.stringify(filling) }],
    }),
  )
}

function revisionOf(result: CommitResult): number {
  if (result.committed) return result.revision
  throw new ShoalError('conflict', 'another transfer into the same store has begun meanwhile')
}

async function check(store: Store, cluster: string, records: readonly BackupRecord[]): Promise<void> {
  const prefix = clusterPrefix(cluster)
  const { entries } = await store.snapshot(prefix)
  const found = new Map(entries.map(({ key, value }) => [key, value]))
  found.delete(transferKey(cluster))
  const different = records.find(({ key, value }) => found.get(prefix + key) !== value)
  if (different)
    throw new ShoalError('internal', `the store holds something else than was written to ${different.key}`)
  if (found.size === records.length) return
  throw new ShoalError(
    'internal',
    `the store holds ${found.size} keys, not the ${records.length} that were written`,
  )
}

/** @throws ShoalError `invalid-argument` naming a record that etcd would not take */
export function checkSizes(records: readonly BackupRecord[]): void {
  for (const { key, value } of records) {
    const bytes = Buffer.byteLength(value)
    if (bytes > LARGEST_RECORD_BYTES) {
      throw new ShoalError(
        'invalid-argument',
        `${key} has ${bytes} bytes: etcd takes no more than ${LARGEST_RECORD_BYTES}`,
      )
    }
  }
}

/** Operations in groups that one transaction takes. */
function* batches(operations: readonly Operation[]): Generator<Operation[]> {
  let batch: Operation[] = []
  let bytes = 0
  for (const operation of operations) {
    const size = operation.key.length + (operation.type === 'put' ? Buffer.byteLength(operation.value) : 0)
    if (
      batch.length === MAX_TRANSACTION_OPERATIONS ||
      (batch.length > 0 && bytes + size > LARGEST_BATCH_BYTES)
    ) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(operation)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
