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
  for (const task of state.tasksOfService(service.ID)) {
    if (task.Status.State === 'running') running++
    if (task.Status.State === 'complete') completed++
    if (task.NodeID !== undefined && isDesiredAlive(task.DesiredState)) nodes.add(task.NodeID)
  }
  return {
    RunningTasks: running,
    DesiredTasks: replicasOf(service.Spec) ?? nodes.size,
    CompletedTasks: completed,
  }
}
