import type { ClusterNews } from '@shoal/proto'
import { heartbeatPeriodMs } from '../node-health/index.js'
import type { StateView } from '../state/view.js'

/**
 * What every agent should know of the cluster.
 * @param managers `host:port` of every manager's 2377, the primary's first
 */
export function clusterNews(view: StateView, managers: readonly string[]): ClusterNews {
  const cluster = view.cluster()
  return {
    heartbeatPeriodMs: heartbeatPeriodMs(cluster),
    managers: [...managers],
    rootCertificates: cluster?.Shoal.RootCertificate ?? '',
  }
}
