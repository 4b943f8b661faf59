import { storedNodeSpec, type Node } from '@shoal/engine-api'
import type { NodeRecord } from '../../state/records.js'

/** The node as clients see it. */
export function nodeAnswer(record: NodeRecord): Node {
  return { ...record, Spec: storedNodeSpec(record.Spec) }
}
