import { nanosecondsToMs } from '@shoal/common'
import type { ClusterRecord } from '../state/records.js'

/** Docker's default: an agent is heard of every five seconds. */
const DEFAULT_HEARTBEAT_PERIOD_MS = 5_000

/** How often an agent of a small cluster looks whether its manager lives, in milliseconds. */
const SHORTEST_PULSE_MS = 2_000

/** As many heartbeats cost a manager a few hundredths of a core, per second. */
const BEATS_PER_SECOND = 600
/** A cluster's size alone makes the period no longer than this, in milliseconds. */
const LONGEST_PERIOD_MS = 60_000

/** So many agents may come back at once: a manager shakes hands with some hundred a second. */
const AT_ONCE = 500
/** What each agent beyond these adds to the time within which all come back, in milliseconds. */
const EACH_MS = 3
/** At the most, in milliseconds: a power of two of seconds. */
const LONGEST_RECONNECT_MS = 64_000

/**
 * How often an agent is to be heard of, in milliseconds: as the cluster's spec says, and seldomer in a large cluster. It
 * grows in steps, by two, so that not every node that comes or goes is another period for all.
 * @param nodes how many there are
 */
export function heartbeatPeriodMs(cluster: ClusterRecord | undefined, nodes: number): number {
  return affordable(configuredPeriodMs(cluster), nodes)
}

/**
 * How often an agent looks whether its manager lives, in milliseconds: as seldom as need be in a large cluster, and
 * twice in a heartbeat period at the least, so that it has found another manager before it is taken for down.
 * @param nodes how many there are
 */
export function pulseMs(cluster: ClusterRecord | undefined, nodes: number): number {
  const longestMs = Math.max(1, Math.floor(heartbeatPeriodMs(cluster, nodes) / 2))
  return Math.min(affordable(SHORTEST_PULSE_MS, nodes), longestMs)
}

/**
 * Within which time agents that have lost their manager are to call the next one, in milliseconds. It grows in steps, by
 * two, so that not every node that comes or goes is news for all.
 * @param nodes how many there are
 */
export function reconnectWithinMs(nodes: number): number {
  const neededMs = Math.max(nodes - AT_ONCE, 0) * EACH_MS
  if (neededMs === 0) return 0
  let withinMs = 1_000
  while (withinMs < neededMs && withinMs < LONGEST_RECONNECT_MS) withinMs *= 2
  return withinMs
}

function affordable(wantedMs: number, nodes: number): number {
  let periodMs = wantedMs
  while (periodMs < LONGEST_PERIOD_MS && (nodes * 1_000) / periodMs > BEATS_PER_SECOND) {
    periodMs = Math.min(2 * periodMs, LONGEST_PERIOD_MS)
  }
  return periodMs
}

function configuredPeriodMs(cluster: ClusterRecord | undefined): number {
  const configured = cluster?.Spec.Dispatcher?.HeartbeatPeriod ?? 0
  return configured > 0 ? Math.max(1, Math.round(nanosecondsToMs(configured))) : DEFAULT_HEARTBEAT_PERIOD_MS
}
