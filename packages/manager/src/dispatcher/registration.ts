import { isDeepStrictEqual } from 'node:util'
import { messageOf, ShoalError, toTimestamp, type Clock } from '@shoal/common'
import {
  decode,
  Platform,
  Resources,
  StringMap,
  type EngineDescription,
  type NodeDescription,
  type TLSInfo,
} from '@shoal/engine-api'
import { put, type NodeRecord } from '../state/records.js'
import { transact, type State } from '../state/state.js'

export const NOT_A_MEMBER = 'node is not part of this cluster'

/**
 * Reads what an agent says of its host: every field is looked at, for the scheduler and the API rely on them.
 * @throws ShoalError `invalid-argument` when it is no NodeDescription
 */
export function parseDescription(json: string): NodeDescription {
  try {
    const { Hostname, Platform: platform, Resources: resources, Engine, TLSInfo } = fieldsOf(JSON.parse(json))
    return {
      Hostname: text(Hostname),
      Platform: decode(Platform, 'Platform', platform) as Platform,
      Resources: decode(Resources, 'Resources', resources) as Resources,
      Engine: engineOf(fieldsOf(Engine)),
      ...(TLSInfo === undefined ? {} : { TLSInfo: tlsInfoOf(fieldsOf(TLSInfo)) }),
    }
  } catch (error) {
    throw new ShoalError('invalid-argument', `malformed node description: ${messageOf(error)}`, error)
  }
}

function engineOf({ EngineVersion, Labels, Plugins }: Fields): EngineDescription {
  const plugins = Plugins === undefined ? undefined : list(Plugins).map(fieldsOf)
  return {
    EngineVersion: text(EngineVersion),
    ...(Labels === undefined ? {} : { Labels: decode(StringMap, 'Engine.Labels', Labels) as StringMap }),
    ...(plugins && { Plugins: plugins.map(({ Type, Name }) => ({ Type: text(Type), Name: text(Name) })) }),
  }
}

function tlsInfoOf({ TrustRoot, CertIssuerSubject, CertIssuerPublicKey }: Fields): TLSInfo {
  return {
    TrustRoot: text(TrustRoot),
    CertIssuerSubject: text(CertIssuerSubject),
    CertIssuerPublicKey: text(CertIssuerPublicKey),
  }
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object')
  return value as Fields
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('not a list')
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('a text is missing')
  return value
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
