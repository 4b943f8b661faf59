import Type, { type Static } from 'typebox'
import type { Resources } from './resources.js'
import { Annotations, type ObjectVersion, type StringMap } from './scalars.js'
import type { Platform } from './task-spec.js'

export const NODE_ROLES = ['worker', 'manager'] as const
export type NodeRole = (typeof NODE_ROLES)[number]
export const NODE_AVAILABILITIES = ['active', 'pause', 'drain'] as const
export type NodeAvailability = (typeof NODE_AVAILABILITIES)[number]
export type NodeState = 'unknown' | 'down' | 'ready' | 'disconnected'

export const NodeSpec = Type.Object({
  ...Annotations,
  Role: Type.Optional(Type.String()),
  Availability: Type.Optional(Type.String()),
})
export type NodeSpec = Static<typeof NodeSpec>

export interface TLSInfo {
  /** The root certificates, PEM. */
  TrustRoot: string
  /** Base64 of the issuer's DER subject. */
  CertIssuerSubject: string
  /** Base64 of the issuer's DER public key. */
  CertIssuerPublicKey: string
}

export interface EngineDescription {
  EngineVersion: string
  Labels?: StringMap
  Plugins?: { Type: string; Name: string }[]
}

/** What an agent says of its host. */
export interface NodeDescription {
  Hostname: string
  Platform: Platform
  Resources: Resources
  Engine: EngineDescription
  TLSInfo?: TLSInfo
}

export interface ManagerStatus {
  Leader?: boolean
  Reachability: 'unknown' | 'unreachable' | 'reachable'
  /** `host:port` that others join at. */
  Addr: string
}

/** A node as the API answers it. */
export interface Node {
  ID: string
  Version: ObjectVersion
  CreatedAt: string
  UpdatedAt: string
  Spec: NodeSpec
  Description: NodeDescription
  Status: { State: NodeState; Message?: string; Addr: string }
  ManagerStatus?: ManagerStatus
}
