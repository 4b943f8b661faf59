import type { ClusterNews } from '@shoal/proto'
import { heartbeatPeriodMs, pulseMs } from '../node-health/index.js'
import type { StateView } from '../state/view.js'

/** So many agents may come back at once: a manager shakes hands with some hundred a second. */
const AT_ONCE = 500
/** What each agent beyond these adds to the time within which all come back, in milliseconds. */
const EACH_MS = 3
/** At the most, in milliseconds: a power of two of seconds. */
const LONGEST_RECONNECT_MS = 64_000

/**
 * What every agent should know of the cluster.
 * @param managers `host:port` of every manager's 2377, the primary's first
 */
export function clusterNews(view: StateView, managers: readonly string[]): ClusterNews {
  const cluster = view.cluster()
  return {
    ...paceOf(view),
    managers: [...managers],
    rootCertificates: cluster?.Shoal.RootCertificate ?? '',
  }
}

/** The part of the news that depends on how many nodes there are. */
export function paceOf(
  view: StateView,
): Required<Pick<ClusterNews, 'heartbeatPeriodMs' | 'pulseMs' | 'reconnectWithinMs'>> {
  const nodes = view.count('node')
  return {
    heartbeatPeriodMs: heartbeatPeriodMs(view.cluster(), nodes),
    pulseMs: pulseMs(view.cluster(), nodes),
    reconnectWithinMs: reconnectWithinMs(nodes),
  }
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
