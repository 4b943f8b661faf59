import { sleep } from '@shoal/common'
import {
  CompareResult,
  CompareTarget,
  GRPCOutOfRangeError,
  type Etcd3,
  type ICompare,
  type IKeyValue,
  type IRequestOp,
} from 'etcd3'
import type {
  CommitResult,
  Compare,
  Entry,
  Lease,
  Operation,
  Store,
  StoreSnapshot,
  Transaction,
  WatchBatch,
} from '../contract.js'
import type { StoreDeps } from '../open.js'
import { checkTransaction } from '../transaction.js'
import { createClient, rangeOf, toStoreError, type EtcdConfig } from './client.js'
import { EtcdLease } from './etcd-lease.js'
import { watchEtcd } from './etcd-watch.js'

const PAGE = 1000
const SNAPSHOT_ATTEMPTS = 3

/** Durable state in an etcd cluster (3.4 or later), for any number of managers. */
export class EtcdStore implements Store {
  readonly #client: Etcd3
  readonly #deps: StoreDeps
  readonly #closed = new AbortController()

  private constructor(client: Etcd3, deps: StoreDeps) {
    this.#client = client
    this.#deps = deps
  }

  /** Connects with the first call, not now. */
  static open(config: EtcdConfig, deps: StoreDeps): EtcdStore {
    return new EtcdStore(createClient(config, deps.clock), deps)
  }

  async snapshot(prefix: string): Promise<StoreSnapshot> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#readPages(prefix)
      } catch (error) {
        // A compaction came between two pages.
        if (!(error instanceof GRPCOutOfRangeError) || attempt === SNAPSHOT_ATTEMPTS)
          throw toStoreError(error)
        await sleep(this.#deps.clock, 0)
      }
    }
  }

  watch(prefix: string, afterRevision: number, signal: AbortSignal): AsyncIterable<WatchBatch> {
    const either = AbortSignal.any([signal, this.#closed.signal])
    return watchEtcd({ client: this.#client, ...this.#deps }, prefix, afterRevision, either)
  }

  async commit(transaction: Transaction): Promise<CommitResult> {
    checkTransaction(transaction)
    try {
      const { succeeded, header } = await this.#client.kv.txn({
        compare: transaction.compares.map(toEtcdCompare),
        success: transaction.operations.map(toEtcdOperation),
      })
      return succeeded ? { committed: true, revision: Number(header.revision) } : { committed: false }
    } catch (error) {
      throw toStoreError(error)
    }
  }

  async grantLease(ttlMs: number): Promise<Lease> {
    const sentAtMs = this.#deps.clock.now()
    try {
      const { ID } = await this.#client.leaseClient.leaseGrant({ TTL: Math.ceil(ttlMs / 1000) })
      return new EtcdLease(
        { client: this.#client, ...this.#deps, closed: this.#closed.signal },
        ID,
        ttlMs,
        sentAtMs,
      )
    } catch (error) {
      throw toStoreError(error)
    }
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#client.close()
  }

  /** All pages are read at the revision of the first. */
  async #readPages(prefix: string): Promise<StoreSnapshot> {
    const range = rangeOf(prefix)
    const entries: Entry[] = []
    let revision = 0
    for (let key = range.key; ;) {
      const page = await this.#client.kv.range({ key, range_end: range.range_end, limit: PAGE, revision })
      if (revision === 0) revision = Number(page.header.revision)
      for (const kv of page.kvs) entries.push(toEntry(kv))
      const last = page.kvs.at(-1)
      if (!page.more || last === undefined) return { revision, entries }
      key = Buffer.concat([last.key, Buffer.from([0])])
    }
  }
}

function toEntry({ key, value, mod_revision }: IKeyValue): Entry {
  return { key: key.toString(), value: value.toString(), revision: Number(mod_revision) }
}

function toEtcdCompare({ key, revision }: Compare): ICompare {
  return {
    key: Buffer.from(key),
    target: CompareTarget.Mod,
    result: CompareResult.Equal,
    mod_revision: revision,
  }
}

function toEtcdOperation(operation: Operation): IRequestOp {
  const key = Buffer.from(operation.key)
  if (operation.type === 'delete') return { request_delete_range: { key } }
  const value = Buffer.from(operation.value)
  return { request_put: { key, value, ...(operation.lease && { lease: operation.lease.id }) } }
}
