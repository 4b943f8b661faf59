import { newId, type Random, toTimestamp } from '@shoal/common'
import { createRoot, digestOfRoot, formatJoinToken, type Root, tlsInfo } from '@shoal/common/tls/index'
import {
  DEFAULT_NODE_CERT_EXPIRY_NS,
  defaultSwarmSpec,
  type JoinTokens,
  type NodeRole,
  type SwarmSpec,
  type TLSInfo,
} from '@shoal/engine-api'
import type { ClusterRecord } from '../state/records.js'

export interface NewClusterOptions {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly nowMs: number
  readonly random: Random
  /** Replaces fields of the default spec. */
  readonly spec?: SwarmSpec
  readonly defaultAddrPool?: readonly string[]
  readonly subnetSize?: number
  readonly dataPathPort?: number
}

/** A new cluster: its root, its join secrets and its defaults. It is not stored yet. */
export function newClusterRecord(options: NewClusterOptions): ClusterRecord {
  const { id, nowMs, random } = options
  const root = createRoot(id, nowMs)
  return {
    ID: id,
    Version: { Index: 0 },
    CreatedAt: toTimestamp(nowMs),
    UpdatedAt: toTimestamp(nowMs),
    Spec: { ...defaultSwarmSpec(), ...options.spec },
    Shoal: {
      RootCertificate: root.certificatePem,
      RootKey: root.keyPem,
      WorkerSecret: newId(random),
      ManagerSecret: newId(random),
      DefaultAddrPool: options.defaultAddrPool ?? ['10.0.0.0/8'],
      SubnetSize: options.subnetSize ?? 24,
      DataPathPort: options.dataPathPort ?? 4789,
    },
  }
}

/** The cluster's signing root. */
export function rootOf(cluster: ClusterRecord): Root {
  return { certificatePem: cluster.Shoal.RootCertificate, keyPem: cluster.Shoal.RootKey }
}

/** How long a node's certificate lives, in milliseconds. */
export function certificateValidityMs(cluster: ClusterRecord): number {
  const expiry = cluster.Spec.CAConfig?.NodeCertExpiry
  return (expiry === undefined || expiry === 0 ? DEFAULT_NODE_CERT_EXPIRY_NS : expiry) / 1_000_000
}

/** The tokens that admit workers and managers. */
export function joinTokens(cluster: ClusterRecord): JoinTokens {
  const digest = digestOfRoot(cluster.Shoal.RootCertificate)
  return {
    Worker: formatJoinToken({ digest, secret: cluster.Shoal.WorkerSecret }),
    Manager: formatJoinToken({ digest, secret: cluster.Shoal.ManagerSecret }),
  }
}

/**
 * The cluster with another token for a role: the old one admits nobody any more, nodes that have joined by
 * it stay. The record is to be put by the caller.
 */
export function rotateJoinToken(cluster: ClusterRecord, role: NodeRole, random: Random): ClusterRecord {
  const secret = newId(random)
  const changed = role === 'manager' ? { ManagerSecret: secret } : { WorkerSecret: secret }
  return { ...cluster, Shoal: { ...cluster.Shoal, ...changed } }
}

/** What the Engine API says of the cluster's root. */
export function tlsInfoOf(cluster: ClusterRecord): TLSInfo {
  return tlsInfo(cluster.Shoal.RootCertificate)
}
