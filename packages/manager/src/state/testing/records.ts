import type { NodeRecord, ServiceRecord, SpecRecord, TaskRecord } from '../records.js'
import { specId } from '../records.js'

const META = {
  Version: { Index: 0 },
  CreatedAt: '2026-01-01T00:00:00.000Z',
  UpdatedAt: '2026-01-01T00:00:00.000Z',
}

/** A task that was just made, slot 1 of the service `web`. */
export function aTask(id: string, changes: Partial<TaskRecord> = {}): TaskRecord {
  return {
    ...META,
    ID: id,
    ServiceID: 'web',
    Slot: 1,
    Labels: {},
    Status: { Timestamp: META.CreatedAt, State: 'new', Message: 'created' },
    DesiredState: 'running',
    Shoal: { SpecVersion: 1 },
    ...changes,
  }
}

/** A replicated service with one replica, named like its ID. */
export function aService(id: string, changes: Partial<ServiceRecord> = {}): ServiceRecord {
  return {
    ...META,
    ID: id,
    Spec: { Name: id, Mode: { Replicated: { Replicas: 1 } } },
    Endpoint: {},
    Shoal: { SpecVersion: 1 },
    ...changes,
  }
}

export function aSpec(serviceId: string, number: number): SpecRecord {
  return {
    ...META,
    ID: specId(serviceId, number),
    ServiceID: serviceId,
    Number: number,
    TaskTemplate: { ContainerSpec: { Image: `${serviceId}:${number}` } },
    Shoal: {},
  }
}

/** A ready, active worker with four CPUs and 8 GiB, whose hostname is its ID. */
export function aNode(id: string, changes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    ...META,
    ID: id,
    Spec: { Role: 'worker', Availability: 'active' },
    Description: {
      Hostname: id,
      Platform: { Architecture: 'x86_64', OS: 'linux' },
      Resources: { NanoCPUs: 4_000_000_000, MemoryBytes: 8 * 1024 ** 3 },
      Engine: { EngineVersion: '28.0.0' },
    },
    Status: { State: 'ready', Addr: '127.0.0.1' },
    ...changes,
  }
}
