import { isRetryable, ShoalError, sleep, type Clock, type Logger } from '@shoal/common'
import { leaderKey, managersPrefix } from '../state/keys.js'
import type { Lease, Store } from '../store/contract.js'

/** What a manager tells of itself under its own key, and under the leader key when it leads. */
export interface ManagerInfo {
  readonly managerId: string
  /** `host:port` at which agents and other managers reach it. */
  readonly address: string
}

export interface CampaignOptions extends ManagerInfo {
  readonly store: Store
  readonly cluster: string
  /** How long after the silent end of this manager another may take over, in milliseconds. */
  readonly ttlMs: number
  readonly clock: Clock
  readonly log: Logger
  /** Ends the campaign. It does not end a leadership: that is what `resign` is for. */
  readonly signal: AbortSignal
}

/** This manager leads, until `lost` aborts. Whatever it writes must compare `key` with `revision`. */
export interface Leadership {
  readonly key: string
  readonly revision: number
  /** Aborts when another manager may lead, and after `resign`. */
  readonly lost: AbortSignal
  /** Lets go at once, for the next manager to take over. @throws ShoalError `unavailable` */
  resign(): Promise<void>
}

const RETRY_DELAY_MS = 300

/**
 * Registers this manager under `managers/<id>` and waits until it leads. Both keys hang on one lease.
 * @throws ShoalError `unavailable` when `signal` aborts first; whatever of the store is not worth a retry
 */
export async function campaign(options: CampaignOptions): Promise<Leadership> {
  const { clock, log, signal } = options
  while (!signal.aborted) {
    try {
      const leadership = await runOnce(options)
      if (leadership) return leadership
    } catch (error) {
      if (!isRetryable(error)) throw error
      log.warn({ err: error }, 'the election could not go on, trying again')
      await sleep(clock, RETRY_DELAY_MS, signal)
    }
  }
  throw new ShoalError('unavailable', 'the campaign was given up before it was won')
}

/** One lease's worth of campaign. @returns undefined when the lease or the signal ended it */
async function runOnce(options: CampaignOptions): Promise<Leadership | undefined> {
  const lease = await options.store.grantLease(options.ttlMs)
  try {
    const leadership = await standFor(options, lease)
    if (leadership) return leadership
  } catch (error) {
    // A put under a lease that has just ended is refused: that is no error of the campaign.
    if (!lease.lost.aborted) {
      // Whether the last write arrived may be unknown: without the lease, it is undone.
      await lease
        .revoke()
        .catch((cause: unknown) => options.log.debug({ err: cause }, 'lease left to expire'))
      throw error
    }
  }
  await lease.revoke().catch((cause: unknown) => options.log.debug({ err: cause }, 'lease left to expire'))
  return undefined
}

async function standFor(options: CampaignOptions, lease: Lease): Promise<Leadership | undefined> {
  const { store, cluster, managerId, address } = options
  const ended = AbortSignal.any([options.signal, lease.lost])
  const key = leaderKey(cluster)
  const value = JSON.stringify({ managerId, address } satisfies ManagerInfo)
  const own = `${managersPrefix(cluster)}${managerId}`
  await store.commit({ compares: [], operations: [{ type: 'put', key: own, value, lease }] })
  while (!ended.aborted) {
    const won = await store.commit({
      compares: [{ key, revision: 0 }],
      operations: [{ type: 'put', key, value, lease }],
    })
    if (won.committed && options.signal.aborted) return undefined
    if (won.committed) return { key, revision: won.revision, lost: lease.lost, resign: () => lease.revoke() }
    await untilDeleted(store, key, ended)
  }
  return undefined
}

/** Resolves when the key does not exist, or may no longer; or when the signal aborts. */
async function untilDeleted(store: Store, key: string, signal: AbortSignal): Promise<void> {
  const { entries, revision } = await store.snapshot(key)
  if (!entries.some((entry) => entry.key === key)) return
  for await (const batch of store.watch(key, revision, signal)) {
    if (batch.type === 'compacted') return
    if (batch.events.some((event) => event.type === 'delete' && event.key === key)) return
  }
  // A watch that ended otherwise says that the store was closed.
  if (!signal.aborted) throw new ShoalError('unavailable', 'the store ended the watch of the leader')
}
