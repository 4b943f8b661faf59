import { expect, test } from 'vitest'
import { PendingTasks } from './pending.js'
import { SentNotes } from './sent-notes.js'
import { pending } from './testing/index.js'

function given(...ids: string[]) {
  const [tasks, sent] = [new PendingTasks(), new SentNotes()]
  const records = ids.map((id) => pending(id))
  for (const task of records) tasks.update(task, task)
  const [group] = tasks.groups()
  for (const _task of tasks.free(group!)) sent.add(tasks.takeLatest())
  return { tasks, sent, records }
}

test('what is heard of in the order in which it was sent is found, and once only', () => {
  const { sent } = given('a', 'b')
  expect(sent.heardOf('a')?.task?.ID).toBe('a')
  expect(sent.heardOf('a')).toBeUndefined()
  expect(sent.heardOf('other')).toBeUndefined()
  expect(sent.heardOf('b')?.task?.ID).toBe('b')
  expect(sent.size).toBe(0)
})

test('given one that was refused before another was stored, then it is not in the way of those that follow', () => {
  const { tasks, sent, records } = given('a', 'b', 'c')
  tasks.release(records[1]!)
  expect(sent.heardOf('a')?.task?.ID).toBe('a')
  expect(sent.heardOf('c')?.task?.ID).toBe('c')
  expect(sent.size).toBe(0)
})

test('given one that is gone before its outcome is known, then it is not in the way either', () => {
  const { tasks, sent, records } = given('a', 'b')
  tasks.update(records[0]!, undefined)
  expect(sent.heardOf('b')?.task?.ID).toBe('b')
})
