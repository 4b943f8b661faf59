/**
 * What holds when a document says nothing. Durations are nanoseconds, as in the documents.
 * Nothing here is written into a stored spec: an absent field stays absent there.
 */
import type {
  FailureAction,
  RestartPolicy,
  ServiceSpec,
  SwarmSpec,
  UpdateConfig,
  UpdateOrder,
} from './documents/index.js'

const SECOND = 1_000_000_000

export const DEFAULT_STOP_GRACE_PERIOD_NS = 10 * SECOND

export const DEFAULT_RESTART_POLICY = {
  Condition: 'any',
  Delay: 5 * SECOND,
  MaxAttempts: 0,
} as const satisfies RestartPolicy

export const DEFAULT_UPDATE_CONFIG = {
  Parallelism: 1,
  Delay: 0,
  FailureAction: 'pause',
  Monitor: 5 * SECOND,
  MaxFailureRatio: 0,
  Order: 'stop-first',
} as const satisfies UpdateConfig

export const DEFAULT_TASK_HISTORY_LIMIT = 5
export const DEFAULT_HEARTBEAT_PERIOD_NS = 5 * SECOND
export const DEFAULT_NODE_CERT_EXPIRY_NS = 90 * 24 * 3600 * SECOND
export const MIN_NODE_CERT_EXPIRY_NS = 3600 * SECOND

/** The spec of a cluster at its beginning. The Raft figures are Docker's, for clients that show them. */
export function defaultSwarmSpec(): SwarmSpec {
  return {
    Name: 'default',
    Labels: {},
    Orchestration: { TaskHistoryRetentionLimit: DEFAULT_TASK_HISTORY_LIMIT },
    Raft: {
      SnapshotInterval: 10_000,
      KeepOldSnapshots: 0,
      LogEntriesForSlowFollowers: 500,
      ElectionTick: 10,
      HeartbeatTick: 1,
    },
    Dispatcher: { HeartbeatPeriod: DEFAULT_HEARTBEAT_PERIOD_NS },
    CAConfig: { NodeCertExpiry: DEFAULT_NODE_CERT_EXPIRY_NS },
    TaskDefaults: {},
    EncryptionConfig: { AutoLockManagers: false },
  }
}

/** How a rollout proceeds, with nothing left open. */
export interface FullUpdateConfig {
  readonly Parallelism: number
  readonly Delay: number
  readonly FailureAction: FailureAction
  readonly Monitor: number
  readonly MaxFailureRatio: number
  readonly Order: UpdateOrder
}

/** As Docker does: in a config that is given, an absent parallelism is 0, which means all at once. */
export function updateConfigOf(config: UpdateConfig | undefined): FullUpdateConfig {
  if (config === undefined) return DEFAULT_UPDATE_CONFIG
  return {
    Parallelism: config.Parallelism ?? 0,
    Delay: config.Delay ?? DEFAULT_UPDATE_CONFIG.Delay,
    FailureAction: (config.FailureAction || DEFAULT_UPDATE_CONFIG.FailureAction) as FailureAction,
    Monitor: config.Monitor || DEFAULT_UPDATE_CONFIG.Monitor,
    MaxFailureRatio: config.MaxFailureRatio ?? DEFAULT_UPDATE_CONFIG.MaxFailureRatio,
    Order: (config.Order || DEFAULT_UPDATE_CONFIG.Order) as UpdateOrder,
  }
}

/** How many replicas a service wants; undefined for a global one. */
export function replicasOf(spec: ServiceSpec): number | undefined {
  return spec.Mode?.Global ? undefined : (spec.Mode?.Replicated?.Replicas ?? 1)
}

/** Whether the tasks of the service are to end by themselves. */
export function isJob({ Mode: mode }: ServiceSpec): boolean {
  return Boolean(mode?.ReplicatedJob ?? mode?.GlobalJob)
}

/** The spec as `GET /services/{id}?insertDefaults=true` answers it: defaults filled in, in the answer only. */
export function insertDefaults(spec: ServiceSpec): ServiceSpec {
  const template = spec.TaskTemplate ?? {}
  const container = template.ContainerSpec
  return {
    ...spec,
    TaskTemplate: {
      ...template,
      ...(container && {
        ContainerSpec: { StopGracePeriod: DEFAULT_STOP_GRACE_PERIOD_NS, DNSConfig: {}, ...container },
      }),
      Resources: { Limits: {}, Reservations: {}, ...template.Resources },
      RestartPolicy: { ...DEFAULT_RESTART_POLICY, ...template.RestartPolicy },
      Placement: template.Placement ?? {},
    },
    UpdateConfig: withMonitor(spec.UpdateConfig),
    RollbackConfig: withMonitor(spec.RollbackConfig),
    EndpointSpec: spec.EndpointSpec ?? { Mode: 'vip' },
  }
}

function withMonitor(config: UpdateConfig | undefined): UpdateConfig {
  return config ? { ...config, ...updateConfigOf(config) } : { ...DEFAULT_UPDATE_CONFIG }
}
