import { newId, seededRandom, silentLogger, systemClock, toTimestamp, type Random } from '@shoal/common'

import {
  leaderKey,
  MAX_UNIT_MUTATIONS,
  openState,
  put,
  specId,
  withFields,
  type LiveState,
  type Mutation,
  type NodeRecord,
  type ServiceRecord,
  type SpecRecord,
  type TaskRecord,
} from '@shoal/manager/state/index'
import { MemoryStore } from '@shoal/manager/store/memory'

export interface ClusterShape {
  readonly nodes: number
  readonly tasks: number
  /** The tasks are split evenly between them. */
  readonly services: number
  /** Only a third of the nodes satisfies the tasks' constraint. */
  readonly constrained: boolean
  /** Tasks run already, evenly spread, or wait for a node. */
  readonly placed?: boolean
}

const CLUSTER = 'bench'

/** A state that leads, over a store in memory, with these nodes and pending tasks put into it by its committer. */
export async function fillCluster(shape: ClusterShape): Promise<LiveState> {
  const store = new MemoryStore()
  const key = leaderKey(CLUSTER)
  const won = await store.commit({ compares: [], operations: [{ type: 'put', key, value: '{}' }] })
  if (!won.committed) throw new Error('a put without compares was refused')
  const { signal } = new AbortController()
  const state = await openState({ store, cluster: CLUSTER, clock: systemClock, log: silentLogger, signal })
  await state.lead({ key, revision: won.revision })
  await commitAll(state, recordsOf(shape))
  return state
}

async function commitAll(state: LiveState, mutations: Iterable<Mutation>): Promise<void> {
  let unit: Mutation[] = []
  for (const mutation of mutations) {
    if (unit.push(mutation) < MAX_UNIT_MUTATIONS) continue
    await state.commit(unit)
    unit = []
  }
  await state.commit(unit)
}

function* recordsOf(shape: ClusterShape): Generator<Mutation> {
  const random = seededRandom(shape.nodes + shape.tasks)
  const nodes: string[] = []
  for (let index = 0; index < shape.nodes; index++) {
    const node = nodeRecord(random, index)
    nodes.push(node.ID)
    yield put('node', node)
  }
  const perService = shape.tasks / shape.services
  for (let service = 0; service < shape.services; service++) {
    const id = newId(random)
    yield put('spec', specRecord(id, shape.constrained))
    yield put('service', serviceRecord(id, service, perService))
    for (let slot = 1; slot <= perService; slot++) {
      const task = taskRecord(random, id, slot)
      const node = shape.placed ? nodes[(service * perService + slot) % nodes.length] : undefined
      yield put('task', node === undefined ? task : running(task, node))
    }
  }
}

function meta(ID: string): Pick<NodeRecord, 'ID' | 'Version' | 'CreatedAt' | 'UpdatedAt'> {
  const at = toTimestamp(systemClock.now())
  return { ID, Version: { Index: 0 }, CreatedAt: at, UpdatedAt: at }
}

function nodeRecord(random: Random, index: number): NodeRecord {
  return {
    ...meta(newId(random)),
    Spec: {
      Role: 'worker',
      Availability: 'active',
      Labels: { disk: index % 3 === 0 ? 'ssd' : 'hdd', rack: `r${index % 20}` },
    },
    Description: {
      Hostname: `node-${index}`,
      Platform: { Architecture: 'x86_64', OS: 'linux' },
      Resources: { NanoCPUs: 64e9, MemoryBytes: 256 * 1024 ** 3 },
      Engine: { EngineVersion: '28.2.2' },
    },
    Status: { State: 'ready', Addr: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` },
  }
}

function specRecord(serviceId: string, constrained: boolean): SpecRecord {
  return {
    ...meta(specId(serviceId, 1)),
    ServiceID: serviceId,
    Number: 1,
    TaskTemplate: {
      ContainerSpec: { Image: 'shoal-busybox:1' },
      ...(constrained && { Placement: { Constraints: ['node.labels.disk==ssd'] } }),
    },
    Shoal: {},
  }
}

function serviceRecord(id: string, index: number, replicas: number): ServiceRecord {
  return {
    ...meta(id),
    Spec: {
      Name: `service-${index}`,
      TaskTemplate: { ContainerSpec: { Image: 'shoal-busybox:1' } },
      Mode: { Replicated: { Replicas: replicas } },
    },
    Endpoint: {},
    Shoal: { SpecVersion: 1 },
  }
}

function taskRecord(random: Random, serviceId: string, slot: number): TaskRecord {
  const at = toTimestamp(systemClock.now())
  // As the orchestrator makes them: the engine sees the shapes of objects, and where each field came from.
  return {
    ID: newId(random),
    Version: { Index: 0 },
    CreatedAt: at,
    UpdatedAt: at,
    ServiceID: serviceId,
    Slot: slot,
    Labels: {},
    Status: { Timestamp: at, State: 'pending', Message: 'pending task scheduling' },
    DesiredState: 'running',
    Shoal: { SpecVersion: 1 },
  }
}

function running(task: TaskRecord, NodeID: string): TaskRecord {
  return withFields(task, { NodeID, Status: { ...task.Status, State: 'running', Message: 'started' } })
}
