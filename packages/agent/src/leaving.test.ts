import { expect, test } from 'vitest'
import { aTask } from './executor/testing/tasks.js'
import { closable } from './leaving.js'

test('a node that leaves takes no more tasks, and still says how its own are', () => {
  const heard: string[] = []
  const assignments = closable({
    replaceAll: (tasks) => void heard.push(`all ${tasks.length}`),
    change: ({ put }) => void heard.push(`put ${put.length}`),
    statuses: () => [],
  })
  void assignments.replaceAll([aTask()])
  void assignments.change({ put: [aTask()], removedTaskIds: [] })
  assignments.close()
  void assignments.replaceAll([aTask()])
  void assignments.change({ put: [aTask()], removedTaskIds: [] })
  expect(heard).toEqual(['all 1', 'put 1'])
  expect(assignments.statuses()).toEqual([])
})
