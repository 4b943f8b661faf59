import { seededRandom, silentLogger } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import { put, type ClusterRecord, type TaskRecord } from '../state/records.js'
import { aNode, aService, aSpec, aTask, createTestState, storeRecord } from '../state/testing/index.js'
import { createScheduler } from './index.js'
import { SchedulerLoop } from './loop.js'
import { spread } from './strategy.js'

function pendingTask(id: string, changes: Partial<TaskRecord> = {}): TaskRecord {
  const Status = { Timestamp: '2026-01-01T00:00:00.000Z', State: 'pending', Message: 'pending' } as const
  return aTask(id, { Status, ...changes })
}

/** The spec of `web` whose tasks reserve so many whole CPUs. */
function specReserving(cpus: number) {
  const TaskTemplate = { Resources: { Reservations: { NanoCPUs: cpus * 1e9 } } }
  return { ...aSpec('web', 1), TaskTemplate }
}

async function aRunningScheduler() {
  const clock = new VirtualClock()
  const state = await createTestState(clock)
  const stop = new AbortController()
  const scheduler = createScheduler({ state, clock, random: seededRandom(1), log: silentLogger })
  scheduler.start(stop.signal)
  return { clock, state, scheduler, stop }
}

describe('the scheduler at work', () => {
  test('given two nodes, when three tasks become pending, then all are assigned and spread', async () => {
    const { clock, state } = await aRunningScheduler()
    await state.commit([put('node', aNode('n1')), put('node', aNode('n2')), put('spec', aSpec('web', 1))])
    await state.commit(['a', 'b', 'c'].map((id) => put('task', pendingTask(id))))
    await clock.advanceAsync(20)
    const tasks = [...state.all('task')]
    expect(tasks.map((task) => task.Status)).toEqual(
      tasks.map(() => ({
        State: 'assigned',
        Message: 'scheduler assigned task to node',
        Timestamp: '2026-01-01T00:00:00.000Z',
      })),
    )
    expect(new Set(tasks.map((task) => task.NodeID))).toEqual(new Set(['n1', 'n2']))
  })

  test('given tasks from before it started, then they are assigned, too', async () => {
    const clock = new VirtualClock()
    const state = await createTestState(clock)
    await state.commit([
      put('node', aNode('n1')),
      put('spec', aSpec('web', 1)),
      put('task', pendingTask('a')),
    ])
    const scheduler = createScheduler({ state, clock, random: seededRandom(1), log: silentLogger })
    scheduler.start(new AbortController().signal)
    await clock.advanceAsync(20)
    expect(state.get('task', 'a')?.NodeID).toBe('n1')
  })

  test('given tasks that change while it still reads what is there, then none of them counts twice', async () => {
    // given more tasks than it reads in one go, on a clock by which every look at it is a while later
    const clock = new (class extends VirtualClock {
      #looks = 0
      override now(): number {
        return super.now() + ++this.#looks * 20
      }
    })()
    const state = await createTestState(clock)
    const ids = Array.from({ length: 120 }, (_, index) => `t${index}`)
    await state.commit([put('node', aNode('n1')), put('spec', aSpec('web', 1))])
    await state.commit(ids.map((id) => put('task', pendingTask(id))))
    const options = { state, clock, random: seededRandom(1), log: silentLogger, strategy: spread }
    const scheduler = new SchedulerLoop(options)
    scheduler.start(new AbortController().signal)
    // when the last of them is put on a node by somebody else before it has come to it
    expect(scheduler.loadedNodes).toBeUndefined()
    const last = state.get('task', 't119')
    await storeRecord(state, 'task', {
      ...last!,
      NodeID: 'n1',
      Status: { ...last!.Status, State: 'running' },
    })
    await clock.advanceAsync(2_000)
    // then all are assigned, and the node knows of each of them once
    expect([...state.all('task')].filter(({ NodeID }) => NodeID === 'n1')).toHaveLength(120)
    expect(scheduler.loadedNodes?.nodes.get('n1')?.tasks).toBe(120)
  })

  test('given no node, then the task says so once, and goes to the first node that joins', async () => {
    const { clock, state } = await aRunningScheduler()
    await state.commit([put('spec', aSpec('web', 1)), put('task', pendingTask('a'))])
    await clock.advanceAsync(20)
    const waiting = state.get('task', 'a')
    expect(waiting?.Status).toMatchObject({ State: 'pending', Message: 'pending', Err: 'no suitable node' })
    await clock.advanceAsync(120_000)
    expect(state.get('task', 'a')).toBe(waiting)
    await state.commit([put('node', aNode('n1'))])
    await clock.advanceAsync(20)
    expect(state.get('task', 'a')).toMatchObject({ NodeID: 'n1', Status: { State: 'assigned' } })
    expect(state.get('task', 'a')?.Status.Err).toBeUndefined()
  })

  test('given a full node, when a task on it ends, then the waiting one takes its room at once', async () => {
    const { clock, state, scheduler } = await aRunningScheduler()
    await state.commit([put('node', aNode('n1')), put('spec', specReserving(3))])
    await storeRecord(state, 'task', pendingTask('a'))
    await clock.advanceAsync(20)
    await storeRecord(state, 'task', pendingTask('b'))
    await clock.advanceAsync(20)
    expect(state.get('task', 'b')?.Status.Err).toBe('no suitable node (insufficient resources on 1 node)')
    expect((await scheduler.explain({ type: 'task', taskId: 'b' })).nodes).toEqual([
      {
        ID: 'n1',
        Hostname: 'n1',
        Accepts: false,
        Refusals: [{ Filter: 'resources', Asked: '3 CPUs', Found: '1 of 4 free', Amount: 1 }],
      },
    ])
    const first = state.get('task', 'a')
    if (first === undefined) throw new Error('task a is gone')
    // Being told to stop frees nothing yet.
    await state.commit([put('task', { ...first, DesiredState: 'shutdown' })])
    await clock.advanceAsync(1000)
    expect(state.get('task', 'b')?.Status.State).toBe('pending')
    const stopping = state.get('task', 'a') ?? first
    await state.commit([put('task', { ...stopping, Status: { ...stopping.Status, State: 'shutdown' } })])
    await clock.advanceAsync(20)
    expect(state.get('task', 'b')?.Status.State).toBe('assigned')
  })

  test('given reasons that change while nothing fits, then they are told anew within a second', async () => {
    const { clock, state } = await aRunningScheduler()
    await state.commit([
      put('node', aNode('n1')),
      put('spec', specReserving(9)),
      put('task', pendingTask('a')),
    ])
    await clock.advanceAsync(20)
    const n1 = state.get('node', 'n1')
    if (n1 === undefined) throw new Error('node n1 is gone')
    await state.commit([put('node', { ...n1, Spec: { ...n1.Spec, Availability: 'drain' } })])
    await clock.advanceAsync(1000)
    expect(state.get('task', 'a')?.Status.Err).toBe('no suitable node (1 node not available for new tasks)')
  })

  test('given a task of a global service, then it is confirmed on its node, or told why not', async () => {
    const { clock, state } = await aRunningScheduler()
    const paused = { ...aNode('n2'), Spec: { Availability: 'pause' } }
    await state.commit([put('node', aNode('n1')), put('node', paused), put('spec', aSpec('web', 1))])
    await state.commit([
      put('task', pendingTask('a', { NodeID: 'n1' })),
      put('task', pendingTask('b', { NodeID: 'n2' })),
    ])
    await clock.advanceAsync(20)
    expect(state.get('task', 'a')?.Status).toMatchObject({
      State: 'assigned',
      Message: 'scheduler confirmed task can run on preassigned node',
    })
    expect(state.get('task', 'b')?.Status).toMatchObject({
      State: 'pending',
      Err: 'no suitable node (1 node not available for new tasks)',
    })
  })

  test('given a strategy for the cluster and another for a service, then each service has its own', async () => {
    const { clock, state } = await aRunningScheduler()
    const binpack = { 'shoal.strategy': 'binpack' }
    const [web, shop] = [aService('web'), aService('shop')]
    await state.commit([
      put('cluster', {
        Spec: { Labels: binpack },
        ID: 'test',
        Version: { Index: 0 },
      } as unknown as ClusterRecord),
      ...['n1', 'n2', 'n3'].map((id) => put('node', aNode(id))),
      ...[specReserving(1), { ...specReserving(1), ID: 'shop/1', ServiceID: 'shop' }].map((spec) =>
        put('spec', spec),
      ),
      put('service', web),
      put('service', { ...shop, Spec: { ...shop.Spec, Labels: { 'shoal.strategy': 'spread' } } }),
    ])
    await state.commit(['a', 'b', 'c'].map((id) => put('task', pendingTask(id))))
    await clock.advanceAsync(20)
    expect(new Set([...state.tasksOfService('web')].map((task) => task.NodeID)).size).toBe(1)
    await state.commit(['d', 'e', 'f'].map((id) => put('task', pendingTask(id, { ServiceID: 'shop' }))))
    await clock.advanceAsync(20)
    expect(new Set([...state.tasksOfService('shop')].map((task) => task.NodeID)).size).toBe(3)
  })

  test('given a spec that arrives after its tasks, then they are assigned when it is there', async () => {
    const { clock, state } = await aRunningScheduler()
    await state.commit([put('node', aNode('n1')), put('task', pendingTask('a'))])
    await clock.advanceAsync(20)
    expect(state.get('task', 'a')?.Status.State).toBe('pending')
    await state.commit([put('spec', aSpec('web', 1))])
    await clock.advanceAsync(20)
    expect(state.get('task', 'a')?.Status.State).toBe('assigned')
  })

  test('given a task that is changed in the very moment, then it is looked at again and nothing leaks', async () => {
    const { clock, state } = await aRunningScheduler()
    await state.commit([put('node', aNode('n1')), put('spec', specReserving(3))])
    const task = await storeRecord(state, 'task', pendingTask('a'))
    // Another write is under way when the scheduler decides on the same version.
    const overtaking = state.commit([put('task', { ...task, Labels: { touched: 'yes' } })])
    clock.advance(2)
    await overtaking
    await clock.advanceAsync(1000)
    expect(state.get('task', 'a')).toMatchObject({
      Labels: { touched: 'yes' },
      Status: { State: 'assigned' },
    })
    const assigned = state.get('task', 'a') ?? task
    await state.commit([{ type: 'delete', kind: 'task', record: assigned }])
    await storeRecord(state, 'task', pendingTask('b'))
    await clock.advanceAsync(20)
    expect(state.get('task', 'b')?.Status.State).toBe('assigned')
  })

  test('given a stopped scheduler, then it assigns nothing any more and leaves no timer', async () => {
    const { clock, state, stop } = await aRunningScheduler()
    await clock.advanceAsync(20)
    stop.abort()
    await state.commit([
      put('node', aNode('n1')),
      put('spec', aSpec('web', 1)),
      put('task', pendingTask('a')),
    ])
    await clock.advanceAsync(60_000)
    expect(state.get('task', 'a')?.Status.State).toBe('pending')
    expect(clock.nextTimerAt()).toBeUndefined()
  })
})
