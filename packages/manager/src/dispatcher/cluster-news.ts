import type { ClusterNews } from '@shoal/proto'
import { heartbeatPeriodMs, pulseMs, reconnectWithinMs } from '../node-health/index.js'
import type { StateView } from '../state/view.js'

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
