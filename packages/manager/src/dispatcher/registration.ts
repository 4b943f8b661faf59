import { isDeepStrictEqual } from 'node:util'
import { messageOf, ShoalError, toTimestamp, type Clock } from '@shoal/common'
import type { NodeDescription } from '@shoal/engine-api'
import { put, type NodeRecord } from '../state/records.js'
import { transact, type State } from '../state/state.js'

export const NOT_A_MEMBER = 'node is not part of this cluster'

/**
 * Reads what an agent says of its host.
 * @throws ShoalError `invalid-argument` when it is no NodeDescription
 */
export function parseDescription(json: string): NodeDescription {
  let description: unknown
  try {
    description = JSON.parse(json)
  } catch (error) {
    throw new ShoalError('invalid-argument', `malformed node description: ${messageOf(error)}`, error)
  }
  if (!isDescription(description)) {
    throw new ShoalError('invalid-argument', 'malformed node description: fields are missing')
  }
  return description
}

function isDescription(value: unknown): value is NodeDescription {
  if (!isObject(value)) return false
  const { Hostname, Platform, Resources, Engine } = value
  return typeof Hostname === 'string' && [Platform, Resources, Engine].every(isObject)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/**
 * Changes a node's record by `change`, unless that would change nothing: thousands of agents that come back
 * after a change of the primary write nothing.
 * @throws ShoalError `permission-denied` when the node is not part of the cluster, and what a commit throws
 */
export async function updateNode(
  state: State,
  clock: Clock,
  nodeId: string,
  change: (node: NodeRecord) => Partial<Pick<NodeRecord, 'Description' | 'Status'>>,
): Promise<void> {
  await transact(state, () => {
    const node = state.get('node', nodeId)
    if (!node) throw new ShoalError('permission-denied', NOT_A_MEMBER)
    const next = { ...node, ...change(node) }
    if (isDeepStrictEqual(next, node)) return { mutations: [], result: undefined }
    return {
      mutations: [put('node', { ...next, UpdatedAt: toTimestamp(clock.now()) })],
      result: undefined,
    }
  })
}

/** The address out of what gRPC calls the peer: `10.0.0.5:4711`, `[fe80::1]:4711`, `[::ffff:10.0.0.5]:4711`. */
export function addressOfPeer(peer: string): string {
  const host = peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return host.replace(/^::ffff:(?=\d+\.)/i, '')
}
