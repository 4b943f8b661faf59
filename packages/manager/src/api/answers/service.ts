import { isDesiredAlive } from '@shoal/common'
import {
  insertDefaults,
  replicasOf,
  type Service,
  type ServiceSpec,
  type ServiceStatus,
} from '@shoal/engine-api'
import type { ServiceRecord } from '../../state/records.js'
import type { StateView } from '../../state/view.js'

export interface ServiceAnswerOptions {
  /** Fill defaults into the specs of the answer. */
  readonly defaults?: boolean
  /** Count the service's tasks. */
  readonly status?: boolean
}

/** The service as clients see it. */
export function serviceAnswer(
  state: StateView,
  record: ServiceRecord,
  options: ServiceAnswerOptions = {},
): Service {
  const shown = (spec: ServiceSpec): ServiceSpec => {
    const full = { ...spec, Labels: spec.Labels ?? {} }
    return options.defaults ? insertDefaults(full) : full
  }
  const { Shoal: _shoal, ...service } = record
  return {
    ...service,
    Spec: shown(record.Spec),
    ...(record.PreviousSpec && { PreviousSpec: shown(record.PreviousSpec) }),
    ...(options.status && { ServiceStatus: statusOf(state, record) }),
  }
}

function statusOf(state: StateView, service: ServiceRecord): ServiceStatus {
  let running = 0
  let completed = 0
  const nodes = new Set<string>()
  const iteration = service.JobStatus?.JobIteration.Index
  for (const task of state.tasksOfService(service.ID)) {
    if (iteration !== undefined && task.JobIteration?.Index !== iteration) continue
    if (task.Status.State === 'running') running++
    if (task.Status.State === 'complete') completed++
    else if (task.NodeID !== undefined && isDesiredAlive(task.DesiredState)) nodes.add(task.NodeID)
  }
  return {
    RunningTasks: running,
    DesiredTasks: desiredTasks(service.Spec, nodes.size, completed),
    CompletedTasks: completed,
  }
}

/** How many tasks are to run at this moment. For a job these are what may run at a time of what is left to be done. */
function desiredTasks(spec: ServiceSpec, nodes: number, completed: number): number {
  const { ReplicatedJob: job, GlobalJob: globalJob } = spec.Mode ?? {}
  if (globalJob) return nodes
  if (!job) return replicasOf(spec) ?? nodes
  const { MaxConcurrent: most = 1, TotalCompletions: total = most } = job
  return Math.max(0, Math.min(most, total - completed))
}
