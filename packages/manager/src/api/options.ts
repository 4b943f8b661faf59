import type { Clock, Logger, Random } from '@shoal/common'
import type { JoinTokens, NodeRole, TLSInfo } from '@shoal/engine-api'
import type { SecureContextOptions } from 'node:tls'
import type { ClusterRecord } from '../state/records.js'
import type { State } from '../state/state.js'
import type { WriteQueue } from './write-queue.js'

export interface RemoteManager {
  readonly NodeID: string
  /** `host:port` that others join at. */
  readonly Addr: string
}

/** What the API tells about this manager and its host. */
export interface ClusterFacts {
  readonly version: string
  readonly gitCommit: string
  /** RFC 3339. */
  readonly buildTime: string
  readonly nodeId: string
  readonly hostname: string
  /** The address without a port at which others reach this manager. */
  readonly advertiseAddress: string
  /** In Go's words: `amd64`, `arm64`. */
  readonly architecture: string
  readonly kernelVersion: string
  readonly operatingSystem: string
  managers(): readonly RemoteManager[]
}

/** What the API needs of the certificate authority: pure functions of the cluster's record, given by ca/. */
export interface ApiCa {
  joinTokens(cluster: ClusterRecord): JoinTokens
  rotateJoinToken(cluster: ClusterRecord, role: NodeRole, random: Random): ClusterRecord
  tlsInfoOf(cluster: ClusterRecord): TLSInfo
}

export interface ApiOptions {
  readonly state: State
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly facts: ClusterFacts
  readonly ca: ApiCa
  /** One for all servers over this state. */
  readonly writes: WriteQueue
  /** Given for HTTPS. Without it the server is meant for a socket that only root can open. */
  readonly https?: ApiHttpsOptions
}

/** The listener's certificate, and the roots of clients' certificates, which must have the role `client` or `manager`. */
export type ApiHttpsOptions = SecureContextOptions & {
  readonly requestCert: true
  readonly rejectUnauthorized: true
}
