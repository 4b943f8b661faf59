import { storedNodeSpec, type Node } from '@shoal/engine-api'
import type { NodeRecord } from '../../state/records.js'
import type { ClusterFacts } from '../options.js'

/** The node as clients see it. Which managers are there is known from the election, not from the record. */
export function nodeAnswer(node: NodeRecord, facts: ClusterFacts): Node {
  const { ManagerStatus: _founding, ...record } = node
  const status = facts.managerStatus(node)
  return { ...record, Spec: storedNodeSpec(record.Spec), ...(status && { ManagerStatus: status }) }
}
