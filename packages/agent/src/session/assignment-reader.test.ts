import { describe, expect, test } from 'vitest'
import type { Assignments__Output } from '@shoal/proto'
import { AssignmentReader } from './assignment-reader.js'

function message(
  sequence: number,
  rest: Partial<Assignments__Output> & { tasks?: string[] },
): Assignments__Output {
  const { tasks = [], ...fields } = rest
  const put = tasks.map((taskId) => ({ taskId, taskJson: JSON.stringify({ ID: taskId }) }))
  const none = { removedTaskIds: [], putDocuments: [], removedDocuments: [] }
  return { sequence, complete: false, more: false, ...none, put, ...fields }
}

describe('the assignments of one session', () => {
  test('the complete set comes in parts, then its increments', () => {
    const reader = new AssignmentReader()
    expect(reader.read(message(1, { complete: true, more: true, tasks: ['a', 'b'] }))).toEqual({
      kind: 'partial',
    })
    expect(reader.read(message(2, { complete: true, tasks: ['c'], removedTaskIds: ['b'] }))).toEqual({
      kind: 'complete',
      tasks: [{ ID: 'a' }, { ID: 'c' }],
    })
    expect(reader.read(message(3, { tasks: ['d'], removedTaskIds: ['a'] }))).toEqual({
      kind: 'change',
      put: [{ ID: 'd' }],
      removedTaskIds: ['a'],
    })
  })

  test.each([
    ['a gap', [message(1, { complete: true }), message(3, {})], 'assignments 3 came where 2 was due'],
    ['a repetition', [message(1, { complete: true }), message(1, {})], 'assignments 1 came where 2 was due'],
    ['an increment first', [message(1, {})], 'an increment before the complete set'],
    ['two sets', [message(1, { complete: true }), message(2, { complete: true })], 'a second complete set'],
    [
      'no JSON',
      [message(1, { complete: true, put: [{ taskId: 't', taskJson: '{' }] })],
      'malformed assignment',
    ],
  ])('%s breaks the session', (_, messages, complaint) => {
    const reader = new AssignmentReader()
    expect(() => messages.forEach((one) => reader.read(one))).toThrow(complaint)
  })
})
