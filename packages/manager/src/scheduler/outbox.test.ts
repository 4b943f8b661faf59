import { silentLogger } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../store/memory.js'
import { put, type TaskRecord } from '../state/records.js'
import { createTestState, storeRecord } from '../state/testing/index.js'
import { Outbox, type Outcome } from './outbox.js'
import { pending } from './testing/index.js'

async function aScene(count: number) {
  const clock = new VirtualClock()
  const store = new MemoryStore()
  const state = await createTestState(clock, { store })
  const tasks: TaskRecord[] = []
  for (let index = 0; index < count; index++) {
    tasks.push(await storeRecord(state, 'task', pending(`t${index}`)))
  }
  const outcomes = new Map<string, Outcome>()
  const outbox = new Outbox({
    state,
    log: silentLogger,
    isOver: () => false,
    onOutcome: ({ decision }, outcome) => outcomes.set(decision.task.ID, outcome),
  })
  const assign = (task: TaskRecord): void => {
    const decision = { type: 'assign', task, nodeId: 'n1', generic: [] } as const
    outbox.add({ decision, mutation: put('task', { ...task, NodeID: 'n1' }) })
  }
  return { clock, store, state, tasks, outbox, outcomes, assign }
}

describe('decisions on their way into the store', () => {
  test('given many decisions, when they are sent, then they take few transactions', async () => {
    const { clock, store, state, tasks, outbox, outcomes, assign } = await aScene(300)
    const { revision: before } = await store.snapshot('')
    for (const task of tasks) assign(task)
    outbox.flush()
    await clock.advanceAsync(1)
    expect((await store.snapshot('')).revision - before).toBe(3)
    expect([...outcomes.values()].filter((outcome) => outcome === 'stored')).toHaveLength(300)
    expect([...state.tasksOfNode('n1')]).toHaveLength(300)
  })

  test('given one task that has changed meanwhile, then only that one is lost', async () => {
    const { clock, state, tasks, outbox, outcomes, assign } = await aScene(5)
    await state.commit([put('task', { ...(tasks[2] as TaskRecord), Labels: { touched: 'yes' } })])
    for (const task of tasks) assign(task)
    outbox.flush()
    await clock.advanceAsync(1)
    expect([...outcomes]).toEqual(
      expect.arrayContaining([
        ['t0', 'stored'],
        ['t2', 'lost'],
        ['t4', 'stored'],
      ]),
    )
    expect([...state.tasksOfNode('n1')]).toHaveLength(4)
  })

  test('given a store that cannot be reached, then each is told so, and there is room again', async () => {
    const { clock, store, tasks, outbox, outcomes, assign } = await aScene(3)
    store.setReachable(false)
    for (const task of tasks) assign(task)
    outbox.flush()
    await clock.advanceAsync(10_000)
    expect([...outcomes.values()]).toEqual(['failed', 'failed', 'failed'])
    expect(outbox.isFull).toBe(false)
  })
})
