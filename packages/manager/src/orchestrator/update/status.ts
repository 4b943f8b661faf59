/** What the service says of its rollout, in Docker's words: clients match on them. */
import { toTimestamp } from '@shoal/common'
import type { Endpoint, EndpointSpec, UpdateStatus } from '@shoal/engine-api'
import type { Rollout, ServiceRecord, TaskRecord } from '../../state/records.js'

const ROLLED_BACK = 'update rolled back due to failure or early termination of task'

/** @param batch the slots that are in motion already */
export function begun(
  service: ServiceRecord,
  total: number,
  batch: readonly string[],
  now: number,
): ServiceRecord {
  const rollout: Rollout = {
    StartedAtMs: now,
    Total: total,
    Batch: batch,
    Failures: 0,
    Failed: [],
    Stuck: [],
  }
  const StartedAt = toTimestamp(now)
  const UpdateStatus: UpdateStatus =
    service.UpdateStatus?.State === 'rollback_started'
      ? { ...service.UpdateStatus, StartedAt }
      : { State: 'updating', StartedAt, Message: 'update in progress' }
  return { ...service, UpdateStatus, Shoal: { ...service.Shoal, Rollout: rollout } }
}

export function completed(service: ServiceRecord, now: number): ServiceRecord {
  const before = service.UpdateStatus
  const CompletedAt = toTimestamp(now)
  if (before?.State !== 'rollback_started') {
    return ended(service, { ...before, State: 'completed', CompletedAt, Message: 'update completed' })
  }
  // The cause of a rollback stays readable after it.
  const cause = before.Message.startsWith(ROLLED_BACK) ? `: ${before.Message}` : ''
  return ended(service, {
    ...before,
    State: 'rollback_completed',
    CompletedAt,
    Message: `rollback completed${cause}`,
  })
}

export function paused(service: ServiceRecord, cause: TaskRecord): ServiceRecord {
  const before = service.UpdateStatus
  const isRollback = before?.State === 'rollback_started'
  return ended(service, {
    ...before,
    State: isRollback ? 'rollback_paused' : 'paused',
    Message: `${isRollback ? 'rollback' : 'update'} paused due to failure or early termination of task ${named(cause)}`,
  })
}

/** The service with its previous spec again; undefined when there is none. */
export function rolledBack(service: ServiceRecord, cause: TaskRecord): ServiceRecord | undefined {
  const { Spec, PreviousSpec } = service
  const { SpecVersion, PreviousSpecVersion } = service.Shoal
  if (!PreviousSpec || PreviousSpecVersion === undefined) return undefined
  return {
    ...service,
    Spec: PreviousSpec,
    PreviousSpec: Spec,
    Endpoint: service.Shoal.PreviousEndpoint ?? publishing(service.Endpoint, PreviousSpec.EndpointSpec),
    UpdateStatus: { State: 'rollback_started', Message: `${ROLLED_BACK} ${named(cause)}` },
    Shoal: withoutRollout({
      ...service.Shoal,
      SpecVersion: PreviousSpecVersion,
      PreviousSpecVersion: SpecVersion,
      PreviousEndpoint: service.Endpoint,
    }),
  }
}

/** The endpoint with what the spec publishes; its addresses stay. */
function publishing(endpoint: Endpoint, spec: EndpointSpec = { Mode: 'vip' }): Endpoint {
  const { Spec: _spec, Ports: _ports, ...addresses } = endpoint
  return { ...addresses, Spec: spec, ...(spec.Ports?.length && { Ports: spec.Ports }) }
}

function ended(service: ServiceRecord, UpdateStatus: UpdateStatus): ServiceRecord {
  return { ...service, UpdateStatus, Shoal: withoutRollout(service.Shoal) }
}

function withoutRollout(shoal: ServiceRecord['Shoal']): ServiceRecord['Shoal'] {
  const { Rollout: _over, ...rest } = shoal
  return rest
}

/** Docker's messages end with the task's ID; what went wrong with it follows. */
function named(task: TaskRecord): string {
  return task.Status.Err ? `${task.ID}: ${task.Status.Err}` : task.ID
}
