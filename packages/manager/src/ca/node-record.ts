import { toTimestamp } from '@shoal/common'
import type { NodeRole } from '@shoal/engine-api'
import type { NodeRecord } from '../state/records.js'

export interface NewNodeOptions {
  readonly id: string
  readonly role: NodeRole
  /** Where the node is reached, without a port; empty when it is not known yet. */
  readonly address: string
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

/** A node that has a certificate but has not been heard of yet: what it has and runs, its agent will tell. */
export function newNodeRecord(options: NewNodeOptions): NodeRecord {
  const timestamp = toTimestamp(options.nowMs)
  return {
    ID: options.id,
    Version: { Index: 0 },
    CreatedAt: timestamp,
    UpdatedAt: timestamp,
    Spec: { Labels: {}, Role: options.role, Availability: 'active' },
    Description: { Hostname: '', Platform: {}, Resources: {}, Engine: { EngineVersion: '' } },
    Status: { State: 'unknown', Addr: options.address },
  }
}
