import { newId, systemClock, systemRandom, toTimestamp, type TaskState } from '@shoal/common'
import { put, type Mutation, type NodeRecord, type TaskRecord } from '@shoal/manager/state/records'
import { aNode, aService, aSpec } from '@shoal/manager/state/testing/index'

/** A node as its agent describes it. */
export function readyNode(id: string, index: number): NodeRecord {
  return aNode(id, {
    Spec: { Labels: {}, Role: 'worker', Availability: 'active' },
    Description: {
      Hostname: `host-${index}`,
      Platform: { Architecture: 'x86_64', OS: 'linux' },
      Resources: { NanoCPUs: 8_000_000_000, MemoryBytes: 32 * 1024 ** 3 },
      Engine: { EngineVersion: '28.2.2', Labels: {}, Plugins: [{ Type: 'Network', Name: 'overlay' }] },
    },
    Status: { State: 'ready', Addr: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` },
  })
}

/** A service that has all its replicas running, dealt out to the nodes in turn. */
export function* runningService(
  name: string,
  replicas: number,
  nodeIds: readonly string[],
): Generator<Mutation> {
  const TaskTemplate = { ContainerSpec: { Image: `${name}:1` } }
  const service = aService(newId(systemRandom), {
    Spec: { Name: name, TaskTemplate, Mode: { Replicated: { Replicas: replicas } } },
  })
  yield put('service', service)
  yield put('spec', { ...aSpec(service.ID, 1), TaskTemplate })
  for (let slot = 1; slot <= replicas; slot++) {
    const NodeID = nodeIds[slot % nodeIds.length] ?? ''
    yield put('task', { ...newTask(service.ID, slot), NodeID, Status: statusOf('running') })
  }
}

/** A task as the orchestrator makes it. */
export function newTask(serviceId: string, slot: number): TaskRecord {
  const now = toTimestamp(systemClock.now())
  return {
    ID: newId(systemRandom),
    Version: { Index: 0 },
    CreatedAt: now,
    UpdatedAt: now,
    ServiceID: serviceId,
    Slot: slot,
    Labels: {},
    Status: statusOf('pending'),
    DesiredState: 'running',
    Shoal: { SpecVersion: 1 },
  }
}

export function statusOf(State: TaskState): TaskRecord['Status'] {
  return { Timestamp: toTimestamp(systemClock.now()), State, Message: State }
}
