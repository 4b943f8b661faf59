import type { ShoalError } from '@shoal/common'
import type { Lease, Operation, Store, StoreEvent, WatchBatch } from '@shoal/manager/store/contract'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'

/** What the contract suite needs to know of one backend. */
export interface Backend {
  /** A connection to the store; the second one shares its data with the first. */
  open(): Promise<Store>
  /** Forgets what happened up to `revision`. */
  compact(store: Store, revision: number): Promise<void>
  start?(): Promise<void>
  stop?(): Promise<void>
}

export const put = (key: string, value: string, lease?: Lease): Operation => ({
  type: 'put',
  key,
  value,
  ...(lease && { lease }),
})
export const del = (key: string): Operation => ({ type: 'delete', key })

/** Commits without compares, and returns the revision. */
export async function write(store: Store, ...operations: Operation[]): Promise<number> {
  const result = await store.commit({ compares: [], operations })
  if (!result.committed) throw new Error('a transaction without compares was refused')
  return result.revision
}

export async function valuesOf(store: Store, prefix: string): Promise<Record<string, string>> {
  const { entries } = await store.snapshot(prefix)
  return Object.fromEntries(entries.map(({ key, value }) => [key.slice(prefix.length), value]))
}

/** Reads a watch until `enough` says so; the suite's timeout is the limit. */
export async function watchUntil(
  store: Store,
  prefix: string,
  afterRevision: number,
  enough: (batches: readonly WatchBatch[]) => boolean,
): Promise<WatchBatch[]> {
  const done = new AbortController()
  const batches: WatchBatch[] = []
  for await (const batch of store.watch(prefix, afterRevision, done.signal)) {
    batches.push(batch)
    if (enough(batches)) break
  }
  done.abort()
  return batches
}

export const eventsOf = (batches: readonly WatchBatch[]): StoreEvent[] =>
  batches.flatMap((batch) => (batch.type === 'events' ? batch.events : []))

export const refusal = (code: ShoalError['code']) => expect.objectContaining({ code })

/** Where a test stands: a store that is open, and a prefix that is the test's own. */
export interface Stage {
  store: Store
  prefix: string
}

/** Starts the backend for a suite, and opens it anew for every test. */
export function setStage(name: string, backend: Backend): Stage {
  const stage = { prefix: '' } as Stage
  let sequence = 0
  beforeAll(async () => backend.start?.())
  afterAll(async () => backend.stop?.())
  beforeEach(async () => {
    stage.store = await backend.open()
    stage.prefix = `/contract/${name}/${++sequence}/`
  })
  afterEach(() => stage.store.close())
  return stage
}
