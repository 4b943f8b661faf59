import { expect, test } from 'vitest'
import { PendingTasks } from './pending.js'
import { pending } from './testing/index.js'

test('a waiting task whose spec changes waits on, among those of its new spec', () => {
  // given a task that waits
  const tasks = new PendingTasks()
  const task = pending('t1')
  tasks.update(task, task)
  // when it is of another spec version
  const changed = { ...task, Shoal: { ...task.Shoal, SpecVersion: task.Shoal.SpecVersion + 1 } }
  tasks.update(task, changed)
  // then it is known there, and only there
  expect(tasks.groupOf(task)).toBeDefined()
  expect([...tasks.groups()].map((group) => [...tasks.free(group)])).toEqual([[changed]])
  // and is forgotten when it is gone
  tasks.update(task, undefined)
  expect(tasks.groupOf(task)).toBeUndefined()
  expect(tasks.size).toBe(0)
})
