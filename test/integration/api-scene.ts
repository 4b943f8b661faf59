import { silentLogger, systemClock, systemRandom, toTimestamp, type Clock } from '@shoal/common'
import { AddressBook, createAllocator, planIngress } from '@shoal/manager/allocator/index'
import {
  createApi,
  EventLog,
  WriteQueue,
  type ApiHttpsOptions,
  type ApiOptions,
} from '@shoal/manager/api/index'
import { joinTokens, newClusterRecord, rotateJoinToken, tlsInfoOf } from '@shoal/manager/ca/index'
import { DEFAULT_LOOP, KeyedLoop } from '@shoal/manager/loops/keyed-loop'
import { createServiceReconciler } from '@shoal/manager/orchestrator/index'
import { createScheduler } from '@shoal/manager/scheduler/index'
import { put, type LiveState, type TaskRecord } from '@shoal/manager/state/index'
import { aNode, createTestState } from '@shoal/manager/state/testing/index'

export interface ApiScene {
  readonly state: LiveState
  readonly options: ApiOptions & { readonly state: LiveState }
  /** A server over the scene's state, closed when the scene ends. */
  server(https?: ApiHttpsOptions): ReturnType<typeof createApi>
  end(): Promise<void>
}

export const MANAGER = 'manager1nodeid00000000000'
export const WORKER = 'worker1nodeid000000000000'

/** A cluster of one manager and one worker, in memory, with the API over it. */
export async function aClusterWithApi(): Promise<ApiScene> {
  const ending = new AbortController()
  const state = await createTestState(systemClock, { signal: ending.signal })
  const nowMs = systemClock.now()
  await state.commit([
    put('cluster', newClusterRecord({ id: 'clusterid0000000000000000', nowMs, random: systemRandom })),
    put(
      'node',
      aNode(MANAGER, {
        Spec: { Role: 'manager', Availability: 'active' },
        ManagerStatus: { Leader: true, Reachability: 'reachable', Addr: '10.0.0.1:2377' },
      }),
    ),
    put(
      'node',
      aNode(WORKER, { Spec: { Role: 'worker', Availability: 'active', Labels: { zone: 'east' } } }),
    ),
  ])
  await state.commit(planIngress(state, nowMs, systemRandom))
  const options: ApiOptions & { readonly state: LiveState } = {
    state,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    ca: { joinTokens, rotateJoinToken, tlsInfoOf },
    book: new AddressBook({ state, clock: systemClock }).follow(ending.signal),
    events: new EventLog(state, systemClock),
    writes: new WriteQueue(),
    facts: {
      version: '0.1.0',
      gitCommit: 'abcdef',
      buildTime: '2026-01-01T00:00:00Z',
      nodeId: MANAGER,
      hostname: 'host-1',
      advertiseAddress: '10.0.0.1',
      architecture: 'amd64',
      kernelVersion: '6.1.0',
      operatingSystem: 'Debian GNU/Linux 12',
      managers: () => [{ NodeID: MANAGER, Addr: '10.0.0.1:2377' }],
      managerStatus: ({ ManagerStatus }) => ManagerStatus,
    },
  }
  const servers: ReturnType<typeof createApi>[] = []
  return {
    state,
    options,
    server(https) {
      const server = createApi(https ? { ...options, https } : options)
      servers.push(server)
      return server
    },
    async end() {
      await Promise.all(servers.map((server) => server.close()))
      ending.abort()
    },
  }
}

/** The manager's own loops, and agents on every node that do at once whatever they are told. */
export function letTasksRun(
  { state, book }: Pick<ApiOptions, 'book'> & { state: LiveState },
  clock: Clock,
  signal: AbortSignal,
): void {
  obeyAssignments(state, clock, signal)
  const reconciler = createServiceReconciler({ state, clock, random: systemRandom })
  const loop = { ...DEFAULT_LOOP, clock, log: silentLogger }
  new KeyedLoop(state, reconciler, loop).start(signal)
  const allocator = createAllocator({ state, book, clock, random: systemRandom, log: silentLogger })
  new KeyedLoop(state, allocator, loop).start(signal)
  createScheduler({ state, clock, random: systemRandom, log: silentLogger }).start(signal)
}

function obeyAssignments(state: LiveState, clock: Clock, signal: AbortSignal): void {
  const look = (id: string): void => {
    const task = state.get('task', id)
    const next = task && !signal.aborted ? nextState(task) : undefined
    if (!task || next === undefined) return
    const status = { Timestamp: toTimestamp(clock.now()), State: next, Message: next }
    if (next === 'ready') state.observe(id, status)
    else state.commit([put('task', { ...task, Status: status })]).catch(() => look(id))
  }
  const unsubscribe = state.subscribe((changes) => {
    for (const { kind, after } of changes) if (kind === 'task' && after) queueMicrotask(() => look(after.ID))
  })
  signal.addEventListener('abort', unsubscribe, { once: true })
}

function nextState({ DesiredState, NodeID, Status }: TaskRecord): TaskRecord['Status']['State'] | undefined {
  if (NodeID === undefined || !['assigned', 'ready', 'running'].includes(Status.State)) return undefined
  if (DesiredState === 'shutdown' || DesiredState === 'remove') return 'shutdown'
  if (DesiredState === 'running' && Status.State !== 'running') return 'running'
  return DesiredState === 'ready' && Status.State === 'assigned' ? 'ready' : undefined
}
