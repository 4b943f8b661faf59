import { ShoalError, toTimestamp } from '@shoal/common'
import type { BackupRecord } from '@shoal/common/backup'
import { newNodeRecord } from '../ca/node-record.js'
import type { NodeRecord } from '../state/records.js'

/** The node on which the cluster comes back. */
export interface RestoringNode {
  readonly nodeId: string
  /** Without a port. */
  readonly address: string
  /** `host:port` for agents and other managers. */
  readonly joinAddress: string
}

const NODES = 'nodes/'
export const NOT_HEARD_OF = 'not heard of since the cluster was restored from a backup'

/**
 * The records of a backup as they are brought back: all as they were, except for the nodes. The restoring node is the
 * one manager. Others that were managers are workers now. No node counts as ready before it has been heard of, and
 * none as down, so that its tasks stay where they are while its agent is told of the new address.
 * @param nowMs milliseconds since the epoch
 * @throws ShoalError `invalid-argument` for a backup without a cluster's record
 */
export function restoredRecords(
  records: readonly BackupRecord[],
  self: RestoringNode,
  nowMs: number,
): BackupRecord[] {
  if (!records.some(({ key }) => key === 'cluster')) {
    throw new ShoalError('invalid-argument', 'this backup holds no cluster')
  }
  const own = `${NODES}${self.nodeId}`
  const known = records.some(({ key }) => key === own)
  const all = known ? records : [...records, { key: own, value: encode(newNode(self, nowMs)) }]
  return all.map(({ key, value }) => {
    if (!key.startsWith(NODES)) return { key, value }
    const node = JSON.parse(value) as StoredNode
    return { key, value: encode(key === own ? asManager(node, self, nowMs) : asWorker(node, nowMs)) }
  })
}

type StoredNode = Omit<NodeRecord, 'Version'>

function encode(node: StoredNode): string {
  return JSON.stringify(node)
}

function newNode({ nodeId, address }: RestoringNode, nowMs: number): StoredNode {
  const { Version: _none, ...node } = newNodeRecord({ id: nodeId, role: 'manager', address, nowMs })
  return node
}

function asManager(node: StoredNode, { address, joinAddress }: RestoringNode, nowMs: number): StoredNode {
  return {
    ...node,
    UpdatedAt: toTimestamp(nowMs),
    Spec: { ...node.Spec, Role: 'manager' },
    Status: { State: 'unknown', Message: NOT_HEARD_OF, Addr: address },
    ManagerStatus: { Leader: true, Reachability: 'reachable', Addr: joinAddress },
  }
}

function asWorker({ ManagerStatus: _gone, ...node }: StoredNode, nowMs: number): StoredNode {
  const { Addr, State } = node.Status
  const status = State === 'down' ? node.Status : ({ State: 'unknown', Message: NOT_HEARD_OF, Addr } as const)
  return {
    ...node,
    UpdatedAt: toTimestamp(nowMs),
    Spec: { ...node.Spec, Role: 'worker' },
    Status: status,
  }
}
