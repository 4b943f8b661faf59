/** Records as the dispatcher's tests need them. No part of the product imports it. */
import { toTimestamp, type TaskState } from '@shoal/common'
import { put, specId, type Mutation, type TaskRecord } from '../../state/records.js'

export function meta(ID: string) {
  const now = toTimestamp(Date.UTC(2026, 0, 1))
  return { ID, Version: { Index: 0 }, CreatedAt: now, UpdatedAt: now }
}

export function status(State: TaskState): TaskRecord['Status'] {
  return { Timestamp: toTimestamp(Date.UTC(2026, 0, 1)), State, Message: State }
}

/** A task of service `s1` on node `n1`, assigned and wanted running, unless told otherwise. */
export function task(id: string, change: Partial<TaskRecord> = {}): TaskRecord {
  return {
    ...meta(id),
    ServiceID: 's1',
    Slot: 1,
    NodeID: 'n1',
    Labels: {},
    Status: status('assigned'),
    DesiredState: 'running',
    Shoal: { SpecVersion: 1 },
    ...change,
  }
}

/** The service that `task` belongs to, with its spec. */
export function service(image = 'busybox'): Mutation[] {
  return [
    put('service', { ...meta('s1'), Spec: { Name: 'web' }, Endpoint: {}, Shoal: { SpecVersion: 1 } }),
    put('spec', {
      ...meta(specId('s1', 1)),
      ServiceID: 's1',
      Number: 1,
      TaskTemplate: { ContainerSpec: { Image: image } },
      EndpointSpec: { Ports: [{ TargetPort: 80, PublishedPort: 8080, PublishMode: 'host' }] },
      Shoal: {},
    }),
  ]
}
