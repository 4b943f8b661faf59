/**
 * What the store holds. Each record is the Engine API's document; what Docker has no field for stands
 * beside it in `Shoal`, which the API never shows. `Version.Index` is the store's revision of the record
 * and is not part of the stored text; it is 0 until the record has been stored.
 */
import type {
  ConfigSpec,
  EndpointSpec,
  Endpoint,
  JobStatus,
  ManagerStatus,
  NetworkAttachment,
  NetworkSpec,
  NodeDescription,
  NodeSpec,
  NodeState,
  GenericResource,
  ObjectVersion,
  SecretSpec,
  ServiceSpec,
  StringMap,
  SwarmSpec,
  TaskSpec,
  TaskStatus,
  UpdateStatus,
} from '@shoal/engine-api'
import type { TaskState } from '@shoal/common'

interface Meta {
  readonly ID: string
  readonly Version: ObjectVersion
  readonly CreatedAt: string
  readonly UpdatedAt: string
}

/** The one record of the cluster: its spec and the material of its certificate authority. */
export interface ClusterRecord extends Meta {
  readonly Spec: SwarmSpec
  readonly Shoal: {
    /** The root certificate and its key, PEM. */
    readonly RootCertificate: string
    readonly RootKey: string
    /** The secrets inside the join tokens. */
    readonly WorkerSecret: string
    readonly ManagerSecret: string
    readonly DefaultAddrPool: readonly string[]
    readonly SubnetSize: number
    readonly DataPathPort: number
    /** The ingress network was made once. A user may have removed it since: it does not come back by itself. */
    readonly IngressMade?: true
  }
}

export interface NodeRecord extends Meta {
  readonly Spec: NodeSpec
  readonly Description: NodeDescription
  readonly Status: { readonly State: NodeState; readonly Message?: string; readonly Addr: string }
  readonly ManagerStatus?: ManagerStatus
}

/** The clock and the score of a rollout, stored so that whoever takes over continues it where it stood. */
export interface Rollout {
  /** Milliseconds since the epoch. */
  readonly StartedAtMs: number
  /** How many slots had to change when it began: the failure ratio's denominator. */
  readonly Total: number
  /** When the latest batch was done, in milliseconds since the epoch: `Delay` counts from here. */
  readonly BatchDoneAtMs?: number
  /** The slots (or, for global services, the nodes) of the batch in motion. */
  readonly Batch: readonly string[]
  /** How many tasks of the new version failed before they ran, or within their monitor period. */
  readonly Failures: number
  /** The failed tasks that are counted but not yet followed by another: so that none is counted twice. */
  readonly Failed: readonly string[]
  /** The slots that had their turn and failed, which the failure ratio allowed: only their restarts go on. */
  readonly Stuck: readonly string[]
}

/** A task that is being moved, and the node that it goes to. */
export interface Move {
  readonly Task: string
  readonly Node: string
}

/** A rebalance under way: it ends when no move is worth making any more. */
export interface Rebalance {
  /** Milliseconds since the epoch. */
  readonly StartedAtMs: number
  readonly Moves: readonly Move[]
  /** How many tasks have moved. */
  readonly Moved: number
  /** When the latest of them had, in milliseconds since the epoch: the update's delay counts from here. */
  readonly MovedAtMs?: number
}

/** How the latest rebalance ended. */
export interface RebalanceEnd {
  /** Milliseconds since the epoch. */
  readonly EndedAtMs: number
  readonly Moved: number
  /** The task that did not get on, and why: all was not even yet. */
  readonly Failure?: string
  /** An update of the service came first. */
  readonly Overtaken?: true
}

export interface ServiceRecord extends Meta {
  readonly Spec: ServiceSpec
  readonly PreviousSpec?: ServiceSpec
  readonly Endpoint: Endpoint
  readonly UpdateStatus?: UpdateStatus
  readonly JobStatus?: JobStatus
  readonly Shoal: {
    /** The version of `Spec.TaskTemplate` and `Spec.EndpointSpec`: names a SpecRecord. */
    readonly SpecVersion: number
    readonly PreviousSpecVersion?: number
    /** The endpoint of `PreviousSpec`: its VIPs stay the service's, so that a rollback finds what it left. */
    readonly PreviousEndpoint?: Endpoint
    readonly Rollout?: Rollout
    readonly Rebalance?: Rebalance
    readonly Rebalanced?: RebalanceEnd
  }
}

/** What tasks are made from, stored once per version. Its key is `<ServiceID>/<Number>`, and so is its ID. */
export interface SpecRecord extends Meta {
  readonly ServiceID: string
  readonly Number: number
  readonly TaskTemplate: TaskSpec
  readonly EndpointSpec?: EndpointSpec
  readonly Shoal: {
    /** The value of X-Registry-Auth for pulls; never shown. */
    readonly RegistryAuth?: string
  }
}

export interface TaskRecord extends Meta {
  readonly ServiceID: string
  /** 1 … replicas; absent for the tasks of global services. */
  readonly Slot?: number
  /** Set by the scheduler; from the start for the tasks of global services. */
  readonly NodeID?: string
  readonly Labels: StringMap
  readonly Status: TaskStatus & { readonly State: TaskState }
  readonly DesiredState: TaskState
  readonly AssignedGenericResources?: readonly GenericResource[]
  /** Given by the allocator before the task is pending; addresses are CIDR. The ingress network is among them. */
  readonly NetworksAttachments?: readonly NetworkAttachment[]
  readonly JobIteration?: ObjectVersion
  readonly Shoal: {
    readonly SpecVersion: number
    /**
     * The task of the same slot whose place this one takes. Until the switch both exist: with stop-first the
     * new one waits, prepared, until the old one has ended; with start-first the old one until the new one runs.
     */
    readonly Replaces?: string
    /** Not to be started before this instant (milliseconds since the epoch): the restart policy's delay. */
    readonly StartAfterMs?: number
    /** When the slot's tasks of this version were restarted (milliseconds since the epoch), newest last; bounded. */
    readonly RestartsAtMs?: readonly number[]
    /** How often in a row the slot's tasks ended soon after their start: the back-off grows with it. */
    readonly QuickFailures?: number
    /** When it was first seen running (milliseconds since the epoch): monitor periods count from here. */
    readonly RunningSinceMs?: number
    /** It has ended, and the restart policy wants no other in its place: the slot stays empty until an update. */
    readonly Rests?: boolean
  }
}

/** A network of the cluster. */
export interface NetworkRecord extends Meta {
  readonly Spec: NetworkSpec
  readonly Shoal: {
    /** The VXLAN network identifier; no two networks have the same. */
    readonly Vni: number
  }
}

/**
 * The part that one node takes in one network: it is made when the first task of the network is assigned to the
 * node (for the ingress network, when the node joins). Its ID is `<network ID>/<node ID>`.
 */
export interface GatewayRecord extends Meta {
  readonly NetworkID: string
  readonly NodeID: string
  /** The bare address of the node's bridge on that network, which no other node has. */
  readonly Address: string
  /** CIDR: for attachable networks, the addresses that this node's engine may give to plain containers. */
  readonly IPRange?: string
}

/** Its data never changes: only labels do. */
export interface SecretRecord extends Meta {
  readonly Spec: SecretSpec
}

/** Its data never changes: only labels do. */
export interface ConfigRecord extends Meta {
  readonly Spec: ConfigSpec
}

/** Every kind of record by the name of its table. */
export interface Records {
  cluster: ClusterRecord
  node: NodeRecord
  service: ServiceRecord
  spec: SpecRecord
  task: TaskRecord
  network: NetworkRecord
  gateway: GatewayRecord
  secret: SecretRecord
  config: ConfigRecord
}

export type Kind = keyof Records
export const KINDS = [
  'cluster',
  'node',
  'service',
  'spec',
  'task',
  'network',
  'gateway',
  'secret',
  'config',
] as const satisfies readonly Kind[]

/** One record to be written or removed. A put carries the version that it was decided on (0: it is new). */
export type Mutation = { [K in Kind]: PutMutation<K> | DeleteMutation<K> }[Kind]
export interface PutMutation<K extends Kind> {
  readonly type: 'put'
  readonly kind: K
  readonly record: Records[K]
}
export interface DeleteMutation<K extends Kind> {
  readonly type: 'delete'
  readonly kind: K
  readonly record: Records[K]
}

/** What happened to one record: `before` is absent when it is new, `after` when it is gone. */
export type Change = { [K in Kind]: ChangeOf<K> }[Kind]
export interface ChangeOf<K extends Kind> {
  readonly kind: K
  readonly before?: Records[K]
  readonly after?: Records[K]
}

export function put<K extends Kind>(kind: K, record: Records[K]): Mutation {
  return { type: 'put', kind, record } as Mutation
}

export function remove<K extends Kind>(kind: K, record: Records[K]): Mutation {
  return { type: 'delete', kind, record } as Mutation
}

/**
 * A copy with other values in some fields. It is what `{ ...whole, field }` says; but where the field is new to what is
 * copied, the engine makes of each such copy a shape of its own: that takes three times as long, and three times the
 * memory for as long as the copy lives. For what is done to every task.
 */
export function withFields<Whole extends object>(whole: Whole, fields: Partial<Whole>): Whole {
  return Object.assign({}, whole, fields)
}

/** The ID of the part that a node takes in a network. */
export function gatewayId(networkId: string, nodeId: string): string {
  return `${networkId}/${nodeId}`
}

/** The ID of the spec that a task or service names. */
export function specId(serviceId: string, number: number): string {
  return `${serviceId}/${number}`
}
