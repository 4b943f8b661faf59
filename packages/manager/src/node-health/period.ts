import { nanosecondsToMs } from '@shoal/common'
import type { ClusterRecord } from '../state/records.js'

/** Docker's default: an agent is heard of every five seconds. */
const DEFAULT_HEARTBEAT_PERIOD_MS = 5_000

/** How often an agent is to be heard of, in milliseconds. */
export function heartbeatPeriodMs(cluster: ClusterRecord | undefined): number {
  const configured = cluster?.Spec.Dispatcher?.HeartbeatPeriod ?? 0
  return configured > 0 ? Math.max(1, Math.round(nanosecondsToMs(configured))) : DEFAULT_HEARTBEAT_PERIOD_MS
}
