import { describe, expect, test } from 'vitest'
import type { Assignments__Output } from '@shoal/proto'
import { AssignmentReader, type Reading } from './assignment-reader.js'

interface Told extends Partial<Assignments__Output> {
  readonly tasks?: string[]
  /** `kind/id` */
  readonly documents?: [string, string][]
}

function message(sequence: number, { tasks = [], documents = [], ...fields }: Told): Assignments__Output {
  const put = tasks.map((taskId) => ({ taskId, taskJson: JSON.stringify({ ID: taskId }) }))
  const putDocuments = documents.map(([kind, id]) => ({ kind, id, json: JSON.stringify({ is: id }) }))
  const none = { removedTaskIds: [], removedDocuments: [] }
  return { sequence, complete: false, more: false, ...none, put, putDocuments, ...fields }
}

/** What a reading names. */
function names(reading: Reading): unknown {
  if (reading.kind === 'partial') return 'partial'
  const { kind, sequence, tasks, documents } = reading
  const named = { put: [...tasks.put.keys()], removed: [...tasks.removed] }
  return { kind, sequence, ...named, documents: [...documents.put.keys()], gone: [...documents.removed] }
}

describe('the assignments of one session', () => {
  test('the complete set comes in parts, then its increments', () => {
    const reader = new AssignmentReader()
    const parts = [
      message(1, { complete: true, more: true, tasks: ['a', 'b'], documents: [['peer', 'n/1']] }),
      message(2, {
        complete: true,
        tasks: ['c'],
        removedTaskIds: ['b'],
        documents: [['network', 'n']],
        removedDocuments: [{ kind: 'peer', id: 'n/1' }],
      }),
      message(3, {
        tasks: ['d'],
        removedTaskIds: ['a'],
        documents: [['endpoints', 's']],
        removedDocuments: [{ kind: 'network', id: 'n' }],
      }),
    ]
    expect(parts.map((part) => names(reader.read(part)))).toEqual([
      'partial',
      { kind: 'complete', sequence: 2, put: ['a', 'c'], removed: [], documents: ['network/n'], gone: [] },
      {
        kind: 'change',
        sequence: 3,
        put: ['d'],
        removed: ['a'],
        documents: ['endpoints/s'],
        gone: ['network/n'],
      },
    ])
  })

  test('documents of a kind that is not known here are for newer agents', () => {
    const future = message(1, {
      complete: true,
      documents: [
        ['gpu', 'x'],
        ['network', 'n'],
      ],
    })
    expect(names(new AssignmentReader().read(future))).toMatchObject({ documents: ['network/n'] })
  })

  test.each([
    ['a gap', [message(1, { complete: true }), message(3, {})], 'assignments 3 came where 2 was due'],
    ['a repetition', [message(1, { complete: true }), message(1, {})], 'assignments 1 came where 2 was due'],
    ['an increment first', [message(1, {})], 'an increment before the complete set'],
    ['two sets', [message(1, { complete: true }), message(2, { complete: true })], 'a second complete set'],
    [
      'no JSON',
      [message(1, { complete: true, put: [{ taskId: 't', taskJson: '{' }] })],
      'malformed assignment of task t',
    ],
    [
      'no JSON in a document',
      [message(1, { complete: true, putDocuments: [{ kind: 'network', id: 'n', json: '' }] })],
      'malformed document network n',
    ],
  ])('%s breaks the session', (_, messages, complaint) => {
    const reader = new AssignmentReader()
    expect(() => messages.forEach((one) => reader.read(one))).toThrow(complaint)
  })
})
