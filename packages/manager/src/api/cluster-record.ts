import { ShoalError } from '@shoal/common'
import type { ClusterRecord } from '../state/records.js'
import type { StateView } from '../state/view.js'

/** @throws ShoalError `unavailable` while the cluster's record is not in memory */
export function clusterOf(state: StateView): ClusterRecord {
  const cluster = state.cluster()
  if (cluster) return cluster
  throw new ShoalError('unavailable', 'The swarm does not have a leader. It may be starting; try again.')
}
