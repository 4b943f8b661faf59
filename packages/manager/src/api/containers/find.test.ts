import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { put, type LiveState, type TaskRecord } from '../../state/index.js'
import { aService, aTask, createTestState } from '../../state/testing/index.js'
import { findContainer, tasksNamed } from './find.js'

const CONTAINER = { old: 'aa11', now: 'ab22', other: 'cc33' }

/** `web.1` has had two tasks, `web.2` has one, and one waits without a container. */
async function scene(): Promise<LiveState> {
  const state = await createTestState(new VirtualClock())
  const withContainer = (id: string, slot: number, State: 'running' | 'shutdown', ContainerID: string) =>
    put(
      'task',
      aTask(id, {
        Slot: slot,
        NodeID: 'n1',
        Status: { Timestamp: '', State, Message: '', ContainerStatus: { ContainerID } },
      } as Partial<TaskRecord>),
    )
  await state.commit([
    put('service', aService('web')),
    withContainer('t-old', 1, 'shutdown', CONTAINER.old),
    withContainer('t-now', 1, 'running', CONTAINER.now),
    withContainer('other', 2, 'running', CONTAINER.other),
    put('task', aTask('waits', { Slot: 3 })),
  ])
  return state
}

test.each([
  ['its ID', CONTAINER.old, 't-old'],
  ['the beginning of its ID', 'ab', 't-now'],
  ['its task’s ID', 't-old', 't-old'],
  ['the beginning of its task’s ID', 'oth', 'other'],
  ['its name', 'web.1.t-old', 't-old'],
  ['its name behind a slash', '/web.2.other', 'other'],
  ['its name behind its host', 'host-1/web.2.other', 'other'],
  ['its slot, where one runs and one has ended', 'web.1', 't-now'],
])('a container is found by %s', async (_how, reference, task) => {
  const state = await scene()
  expect(findContainer(state, reference).task.ID).toBe(task)
})

test.each([
  ['no name', ''],
  ['another service', 'db.1'],
  ['a slot that is not there', 'web.4'],
  ['a task without a container', 'web.3'],
  ['a task without a container, by its ID', 'waits'],
  ['a name with the task of another slot', 'web.2.t-now'],
])('there is no container of %s', async (_what, reference) => {
  const state = await scene()
  expect(() => findContainer(state, reference)).toThrow(`No such container: ${reference}`)
})

test.each(['a', 't-'])('the beginning %j of two IDs is refused', async (reference) => {
  const state = await scene()
  expect(() => findContainer(state, reference)).toThrow('multiple IDs found with provided prefix')
})

test('a slot names all its tasks, a whole name the one', async () => {
  const state = await scene()
  expect(tasksNamed(state, 'web.1').map(({ ID }) => ID)).toEqual(['t-old', 't-now'])
  expect(tasksNamed(state, 'web.1.t-old').map(({ ID }) => ID)).toEqual(['t-old'])
})
