import { isRetryable, ShoalError, sleep, type Clock, type Logger } from '@shoal/common'
import { leaderKey, managersPrefix } from '../state/keys.js'
import type { Lease, Store } from '../store/contract.js'

/** What a manager tells of itself under its own key, and under the leader key when it leads. */
export interface ManagerInfo {
  readonly managerId: string
  /** `host:port` at which agents and other managers reach it. */
  readonly address: string
  /** `host:port` of its Engine API. */
  readonly apiAddress: string
}

export interface CampaignOptions extends ManagerInfo {
  readonly store: Store
  readonly cluster: string
  /** How long after the silent end of this manager another may take over, in milliseconds. */
  readonly ttlMs: number
  readonly clock: Clock
  readonly log: Logger
  /**
   * Looks for evidence that the leader is dead, beside the end of its lease. Resolves when there is some, or when
   * the signal aborts. Without it only the lease counts.
   */
  readonly untilDead?: (leader: ManagerInfo, signal: AbortSignal) => Promise<void>
  /** A leader key with this manager's own ID is that of its process before: it may be taken over at once. */
  readonly reclaim?: boolean
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
  const { store, cluster, managerId, address, apiAddress } = options
  const ended = AbortSignal.any([options.signal, lease.lost])
  const key = leaderKey(cluster)
  const value = JSON.stringify({ managerId, address, apiAddress } satisfies ManagerInfo)
  const own = `${managersPrefix(cluster)}${managerId}`
  await store.commit({ compares: [], operations: [{ type: 'put', key: own, value, lease }] })
  for (let revision = 0; !ended.aborted; revision = await untilFree(options, key, ended)) {
    const won = await store.commit({
      compares: [{ key, revision }],
      operations: [{ type: 'put', key, value, lease }],
    })
    if (won.committed && options.signal.aborted) return undefined
    if (won.committed) return leadershipOf(options, key, won.revision, lease)
  }
  return undefined
}

/** It is lost with the lease, and when another manager has put itself in this one's place. */
function leadershipOf(options: CampaignOptions, key: string, revision: number, lease: Lease): Leadership {
  const replaced = new AbortController()
  const lost = AbortSignal.any([lease.lost, replaced.signal])
  void watchOver(options, key, revision, lost, replaced)
  return { key, revision, lost, resign: () => lease.revoke() }
}

async function watchOver(
  { store, clock, log }: CampaignOptions,
  key: string,
  revision: number,
  lost: AbortSignal,
  replaced: AbortController,
): Promise<void> {
  while (!lost.aborted) {
    try {
      await untilRewritten(store, key, revision, lost)
      replaced.abort(new ShoalError('failed-precondition', 'another manager leads'))
    } catch (error) {
      // Whoever is replaced meanwhile finds out with the next write: the fence sees to that.
      log.debug({ err: error }, 'the leader key cannot be watched, trying again')
      await sleep(clock, RETRY_DELAY_MS, lost)
    }
  }
}

/**
 * Waits until the leader key may be taken.
 * @returns the revision to compare it with: 0 when it is gone, that of a leader which is dead, else any
 */
async function untilFree(options: CampaignOptions, key: string, signal: AbortSignal): Promise<number> {
  const { store, managerId, reclaim, untilDead } = options
  const { entries } = await store.snapshot(key)
  const entry = entries.find((candidate) => candidate.key === key)
  if (!entry) return 0
  const leader = JSON.parse(entry.value) as ManagerInfo
  if (reclaim && leader.managerId === managerId) return entry.revision
  const waiting = new AbortController()
  const ended = AbortSignal.any([signal, waiting.signal])
  try {
    const rewritten = untilRewritten(store, key, entry.revision, ended).then(() => 0)
    const dead = untilDead?.(leader, ended).then(() => entry.revision)
    const revision = await (dead ? Promise.race([rewritten, dead]) : rewritten)
    if (revision > 0 && !signal.aborted) options.log.warn({ leader }, 'the primary does not answer any more')
    return revision
  } finally {
    waiting.abort()
  }
}

/** Resolves when the key does not stand at `revision` any more; or when the signal aborts. */
async function untilRewritten(
  store: Store,
  key: string,
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const now = await store.snapshot(key)
    if (now.entries.find((entry) => entry.key === key)?.revision !== revision) return
    for await (const batch of store.watch(key, now.revision, signal)) {
      if (batch.type === 'compacted') break
      if (batch.events.some((event) => event.key === key)) return
    }
  }
}
