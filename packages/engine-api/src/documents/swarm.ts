import Type, { type Static } from 'typebox'
import type { TLSInfo } from './node.js'
import { Annotations, Driver, Duration, Int64, type ObjectVersion, StringMap, Uint64 } from './scalars.js'

/** What `swarm update` may change. */
export const SwarmSpec = Type.Object({
  ...Annotations,
  Orchestration: Type.Optional(Type.Object({ TaskHistoryRetentionLimit: Type.Optional(Int64) })),
  Raft: Type.Optional(
    Type.Object({
      SnapshotInterval: Type.Optional(Uint64),
      KeepOldSnapshots: Type.Optional(Uint64),
      LogEntriesForSlowFollowers: Type.Optional(Uint64),
      ElectionTick: Type.Optional(Int64),
      HeartbeatTick: Type.Optional(Int64),
    }),
  ),
  Dispatcher: Type.Optional(Type.Object({ HeartbeatPeriod: Type.Optional(Duration) })),
  CAConfig: Type.Optional(
    Type.Object({
      NodeCertExpiry: Type.Optional(Duration),
      ExternalCAs: Type.Optional(
        Type.Array(
          Type.Object({
            Protocol: Type.Optional(Type.String()),
            URL: Type.Optional(Type.String()),
            Options: Type.Optional(StringMap),
            CACert: Type.Optional(Type.String()),
          }),
        ),
      ),
      SigningCACert: Type.Optional(Type.String()),
      SigningCAKey: Type.Optional(Type.String()),
      ForceRotate: Type.Optional(Uint64),
    }),
  ),
  TaskDefaults: Type.Optional(Type.Object({ LogDriver: Type.Optional(Driver) })),
  EncryptionConfig: Type.Optional(Type.Object({ AutoLockManagers: Type.Optional(Type.Boolean()) })),
})
export type SwarmSpec = Static<typeof SwarmSpec>

export interface JoinTokens {
  Worker: string
  Manager: string
}

/** The cluster as `GET /info` answers it; `GET /swarm` adds the join tokens. */
export interface ClusterInfo {
  ID: string
  Version: ObjectVersion
  CreatedAt: string
  UpdatedAt: string
  Spec: SwarmSpec
  TLSInfo: TLSInfo
  RootRotationInProgress: boolean
  DefaultAddrPool: string[]
  SubnetSize: number
  DataPathPort: number
}

export type Swarm = ClusterInfo & { JoinTokens: JoinTokens }
