/**
 * What Shoal asks of durable storage: a flat map of keys to JSON text with etcd's notion of revisions.
 * The embedded store, etcd and the in-memory store of the tests all pass test/contract/store-contract.ts.
 */

/** One key as it stands. `revision` is the store's revision at its last write. */
export interface Entry {
  readonly key: string
  readonly value: string
  readonly revision: number
}

/** All keys below a prefix as they stood together at `revision`. */
export interface StoreSnapshot {
  readonly revision: number
  readonly entries: readonly Entry[]
}

export type StoreEvent =
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly revision: number }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number }

/**
 * What a watch yields. All events of one revision stand in one batch, revisions only grow, and an event
 * may be told again after a lost connection (handlers are idempotent), but none is ever left out:
 * `compacted` says that the store no longer has what came in between; the watch ends, take a new snapshot.
 */
export type WatchBatch =
  | { readonly type: 'events'; readonly revision: number; readonly events: readonly StoreEvent[] }
  | { readonly type: 'compacted' }

/** Holds when the key was last written at `revision`; 0 holds when the key does not exist. */
export interface Compare {
  readonly key: string
  readonly revision: number
}

export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly lease?: Lease }
  | { readonly type: 'delete'; readonly key: string }

/** Carried out whole, if every compare holds, or not at all. A key is named by one operation at the most. */
export interface Transaction {
  readonly compares: readonly Compare[]
  readonly operations: readonly Operation[]
}

export type CommitResult =
  | { readonly committed: true; readonly revision: number }
  | { readonly committed: false }

/** etcd's default limit (`--max-txn-ops`) for the compares and for the operations of one transaction. */
export const MAX_TRANSACTION_OPERATIONS = 128

/** Keys put under a lease vanish when it ends. It is kept alive until it is revoked or lost. */
export interface Lease {
  readonly id: string
  /** Aborts when the lease is known to have ended, or can no longer be trusted to be alive. */
  readonly lost: AbortSignal
  revoke(): Promise<void>
}

export interface Store {
  /** Everything below `prefix`, at one revision. */
  snapshot(prefix: string): Promise<StoreSnapshot>
  /**
   * What happens below `prefix` after `afterRevision`, beginning there: no gap to a snapshot of that revision.
   * It lives through losses of the connection, and ends when `signal` aborts or after `compacted`.
   */
  watch(prefix: string, afterRevision: number, signal: AbortSignal): AsyncIterable<WatchBatch>
  /**
   * Resolves when the outcome is durable: what was acknowledged survives kill -9.
   * @throws ShoalError `unavailable` when the store cannot be reached (the outcome is then unknown),
   *   `invalid-argument` beyond MAX_TRANSACTION_OPERATIONS, `failed-precondition` for a put under a lease that has ended
   */
  commit(transaction: Transaction): Promise<CommitResult>
  /** @param ttlMs after a crash of this process the lease's keys vanish this many milliseconds later, at most one second more */
  grantLease(ttlMs: number): Promise<Lease>
  close(): Promise<void>
}
