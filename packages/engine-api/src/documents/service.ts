import Type, { type Static } from 'typebox'
import { Annotations, Duration, ObjectVersion, Uint64 } from './scalars.js'
import { NetworkAttachmentConfig, TaskSpec } from './task-spec.js'

export const UPDATE_ORDERS = ['stop-first', 'start-first'] as const
export type UpdateOrder = (typeof UPDATE_ORDERS)[number]
export const FAILURE_ACTIONS = ['pause', 'continue', 'rollback'] as const
export type FailureAction = (typeof FAILURE_ACTIONS)[number]

/** How a rollout (or a rollback) proceeds. `Parallelism` 0 means all at once; times are nanoseconds. */
export const UpdateConfig = Type.Object({
  Parallelism: Type.Optional(Uint64),
  Delay: Type.Optional(Duration),
  FailureAction: Type.Optional(Type.String()),
  Monitor: Type.Optional(Duration),
  MaxFailureRatio: Type.Optional(Type.Number()),
  Order: Type.Optional(Type.String()),
})
export type UpdateConfig = Static<typeof UpdateConfig>

export const ServiceMode = Type.Object({
  Replicated: Type.Optional(Type.Object({ Replicas: Type.Optional(Uint64) })),
  Global: Type.Optional(Type.Object({})),
  ReplicatedJob: Type.Optional(
    Type.Object({ MaxConcurrent: Type.Optional(Uint64), TotalCompletions: Type.Optional(Uint64) }),
  ),
  GlobalJob: Type.Optional(Type.Object({})),
})
export type ServiceMode = Static<typeof ServiceMode>

export const PortConfig = Type.Object({
  Name: Type.Optional(Type.String()),
  Protocol: Type.Optional(Type.String()),
  TargetPort: Type.Optional(Uint64),
  PublishedPort: Type.Optional(Uint64),
  PublishMode: Type.Optional(Type.String()),
})
export type PortConfig = Static<typeof PortConfig>

export const EndpointSpec = Type.Object({
  Mode: Type.Optional(Type.String()),
  Ports: Type.Optional(Type.Array(PortConfig)),
})
export type EndpointSpec = Static<typeof EndpointSpec>

export const ServiceSpec = Type.Object({
  ...Annotations,
  TaskTemplate: Type.Optional(TaskSpec),
  Mode: Type.Optional(ServiceMode),
  UpdateConfig: Type.Optional(UpdateConfig),
  RollbackConfig: Type.Optional(UpdateConfig),
  /** Deprecated since API 1.44; moved to `TaskTemplate.Networks` when it is accepted. */
  Networks: Type.Optional(Type.Array(NetworkAttachmentConfig)),
  EndpointSpec: Type.Optional(EndpointSpec),
})
export type ServiceSpec = Static<typeof ServiceSpec>

export const UPDATE_STATES = [
  'updating',
  'paused',
  'completed',
  'rollback_started',
  'rollback_paused',
  'rollback_completed',
] as const
export type UpdateState = (typeof UPDATE_STATES)[number]

/** How the latest rollout of a service stands. */
export interface UpdateStatus {
  State: UpdateState
  StartedAt?: string
  CompletedAt?: string
  Message: string
}

export interface Endpoint {
  Spec?: EndpointSpec
  Ports?: PortConfig[]
  VirtualIPs?: { NetworkID: string; Addr: string }[]
}

export interface ServiceStatus {
  RunningTasks: number
  DesiredTasks: number
  CompletedTasks: number
}

export const JobStatus = Type.Object({
  JobIteration: ObjectVersion,
  LastExecution: Type.Optional(Type.String()),
})
export type JobStatus = Static<typeof JobStatus>

/** A service as the API answers it. */
export interface Service {
  ID: string
  Version: ObjectVersion
  CreatedAt: string
  UpdatedAt: string
  Spec: ServiceSpec
  PreviousSpec?: ServiceSpec
  Endpoint: Endpoint
  UpdateStatus?: UpdateStatus
  ServiceStatus?: ServiceStatus
  JobStatus?: JobStatus
}
