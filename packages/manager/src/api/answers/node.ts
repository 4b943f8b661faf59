import { storedNodeSpec, type Node } from '@shoal/engine-api'
import type { NodeRecord } from '../../state/records.js'
import type { ClusterFacts } from '../options.js'

/** The node as clients see it. Which managers are there is known from the election, not from the record. */
export function nodeAnswer({ ManagerStatus: _founding, ...record }: NodeRecord, facts: ClusterFacts): Node {
  const status = facts.managerStatus(record)
  return { ...record, Spec: storedNodeSpec(record.Spec), ...(status && { ManagerStatus: status }) }
}
