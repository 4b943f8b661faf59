import type { Clock, Logger, Random } from '@shoal/common'
import type { JoinTokens, ManagerStatus, NodeRole, TLSInfo } from '@shoal/engine-api'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import type { AddressBook } from '../allocator/index.js'
import type { NodeEngines } from '../relay/index.js'
import type { ClusterRecord, NodeRecord } from '../state/records.js'
import type { State } from '../state/state.js'
import type { EventLog } from './events/index.js'
import type { AskNodes } from './services/explanation.js'
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
  /** Whether a node's manager is reached, and leads; undefined for a node without one. */
  managerStatus(node: NodeRecord): ManagerStatus | undefined
}

/** How a manager that is not the primary answers. */
export interface PassOn {
  readonly primary: boolean
  /** @returns ends the subscription */
  onRoleChange(listener: () => void): () => void
  /**
   * Has the primary answer, once there is one, and refuses clearly when there is none for too long. It never rejects.
   * @param path as the client asked for it
   * @returns false when this manager is the one to serve it: nothing of it has been read
   */
  request(request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean>
  /** The same for a connection that is to be upgraded. */
  upgrade(wish: UpgradeWish): Promise<boolean>
  /** Whether another manager has let this request in, and takes this one for the primary. */
  isPassedOn(request: IncomingMessage): boolean
  /**
   * Asks the primary for this manager itself. @returns the answer's body, which fails when another manager leads
   * @throws Error when there is no primary, or it does not answer with 200
   */
  read(path: string, signal: AbortSignal): Promise<Readable>
}

/** A request whose connection is to become a stream of bytes. */
export interface UpgradeWish {
  readonly request: IncomingMessage
  readonly client: Duplex
  /** What the client has sent beyond the request's head. */
  readonly head: Buffer
  /** Answers with an error, in the frame of every answer, and ends the connection. */
  readonly refuse: (status: number, message: string) => void
}

/** What the API needs of the certificate authority: pure functions of the cluster's record, given by ca/. */
export interface ApiCa {
  joinTokens(cluster: ClusterRecord): JoinTokens
  rotateJoinToken(cluster: ClusterRecord, role: NodeRole, random: Random): ClusterRecord
  tlsInfoOf(cluster: ClusterRecord): TLSInfo
}

/** How etcd is reached: the certificates are PEM texts. */
export interface EtcdAccess {
  readonly endpoints: readonly string[]
  readonly ca?: string
  readonly certificate?: string
  readonly key?: string
}

/** Where this manager keeps the cluster, in the words of `GET /shoal/store`. */
export interface StoreInfo {
  readonly Kind: 'embedded' | 'etcd'
  readonly Endpoints: readonly string[]
  /** When this manager began to serve, RFC 3339: another instant tells that it was started again. */
  readonly Since: string
  /** The folders of embedded stores that were set aside, newest last. */
  readonly Kept: readonly string[]
  /** Why the last move to etcd did not take place, if it did not. */
  readonly MoveFailure?: string
}

/** The cluster as a whole: where it is kept, copied and brought. */
export interface ClusterTransfer {
  storeInfo(): StoreInfo
  /** The text of a backup, line by line. @throws ShoalError `unavailable` when the store cannot be reached */
  backup(): Promise<Iterable<string>>
  /**
   * Looks at everything that could keep a move to etcd from succeeding.
   * @returns begins the move: this manager stops serving and comes back, on etcd or where it was
   * @throws ShoalError `failed-precondition`, `invalid-argument`, `unavailable`
   */
  prepareMove(access: EtcdAccess): Promise<() => void>
}

export interface ApiOptions {
  readonly state: State
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly facts: ClusterFacts
  readonly ca: ApiCa
  /** Why no node can be made a manager, if that is so. */
  readonly refuseManagers?: string
  /** Which addresses are taken: shared with the allocator. */
  readonly book: AddressBook
  /** What has happened in the cluster; one for all servers over this state. */
  readonly events: EventLog
  /** One for all servers over this state. */
  readonly writes: WriteQueue
  /** Without it this manager serves everything itself. */
  readonly passOn?: PassOn
  /** Without it containers are listed, but nothing can be asked of them. */
  readonly engines?: NodeEngines
  /** Runs `create`, and waits a while until the network that it makes is on every host. Without it nobody waits. */
  readonly onceArrived?: (create: () => Promise<string>) => Promise<string>
  /** Waits a while until no host leads anybody to what a service has stopped to offer. Without it nobody waits. */
  readonly onceDeparted?: (serviceId: string) => Promise<void>
  /** What nodes say to tasks, while this manager leads. Without it nobody can be told why tasks wait. */
  readonly askNodes?: AskNodes
  /** Without it the cluster can be neither moved nor backed up through this server. */
  readonly transfer?: ClusterTransfer
  /** Given for HTTPS. Without it the server is meant for a socket that only root can open. */
  readonly https?: ApiHttpsOptions
}

/** The listener's certificate, and the roots of clients' certificates, which must have the role `client` or `manager`. */
export type ApiHttpsOptions = SecureContextOptions & {
  readonly requestCert: true
  readonly rejectUnauthorized: true
}
