import type { TaskState } from '@shoal/common'
import { describe, expect, test } from 'vitest'
import type { ServiceRecord, TaskRecord } from '../../state/records.js'
import { aNode, aService, aSpec, aTask } from '../../state/testing/index.js'
import { viewOf } from '../testing/view.js'
import { decideReaper } from './decide.js'

const web = aService('web')

function task(
  id: string,
  state: TaskState,
  desired: TaskState,
  changes: Partial<TaskRecord> = {},
): TaskRecord {
  return aTask(id, {
    Status: { Timestamp: '', State: state, Message: '' },
    DesiredState: desired,
    NodeID: 'a',
    ...changes,
  })
}

function reaped(
  service: ServiceRecord | undefined,
  tasks: readonly TaskRecord[],
  versions: number[] = [],
): string[] {
  const nodes = [aNode('a'), aNode('down', { Status: { State: 'down', Addr: '' } })]
  const specs = versions.map((number) => aSpec('web', number))
  const plan = decideReaper(viewOf(service, tasks, nodes, specs), 'web')
  return [...plan.tasks, ...plan.specs].map((record) => record.ID)
}

describe('tasks that are to be removed', () => {
  test.each<[string, TaskRecord, boolean]>([
    ['are deleted when they have ended', task('t', 'shutdown', 'remove'), true],
    ['are kept while they run', task('t', 'running', 'remove'), false],
    ['are deleted when no node knows them', task('t', 'pending', 'remove'), true],
    ['are deleted when their node is down', task('t', 'running', 'remove', { NodeID: 'down' }), true],
    ['are deleted when their node is gone', task('t', 'running', 'remove', { NodeID: 'gone' }), true],
    ['are another thing than those that are shut down', task('t', 'shutdown', 'shutdown'), false],
  ])('%s', (_name, given, expected) => {
    expect(reaped(web, [given])).toEqual(expected ? ['t'] : [])
  })
})

describe('the history of a slot', () => {
  const history = (count: number, changes: Partial<TaskRecord> = {}): TaskRecord[] =>
    Array.from({ length: count }, (_, index) =>
      task(`h${index}`, 'failed', 'shutdown', { CreatedAt: `2026-01-01T00:00:0${index}.000Z`, ...changes }),
    )

  test('keeps the five newest besides the one that lives', () => {
    expect(reaped(web, [task('live', 'running', 'running'), ...history(7)])).toEqual(['h1', 'h0'])
  })

  test('keeps what shows that all attempts are used up', () => {
    const patient = aService('web', { Spec: { TaskTemplate: { RestartPolicy: { MaxAttempts: 6 } } } })
    expect(reaped(patient, history(8))).toEqual(['h0'])
  })

  test('keeps the task that says why the slot is empty', () => {
    const [rest, ...later] = history(8)
    if (!rest) throw new Error('no task')
    const resting = { ...rest, Shoal: { SpecVersion: 1, Rests: true } }
    expect(reaped(web, [resting, ...later])).toEqual(['h2', 'h1'])
  })
})

describe('versions of the spec', () => {
  test('go when neither service nor task names them', () => {
    const updated = aService('web', { Shoal: { SpecVersion: 5, PreviousSpecVersion: 4 } })
    const old = task('t', 'running', 'running', { Shoal: { SpecVersion: 2 } })
    expect(reaped(updated, [old], [1, 2, 3, 4, 5])).toEqual(['web/1', 'web/3'])
  })

  test('go with the last task of a service that is gone', () => {
    expect(reaped(undefined, [task('t', 'running', 'remove')], [1])).toEqual([])
    expect(reaped(undefined, [task('t', 'shutdown', 'remove')], [1])).toEqual(['t', 'web/1'])
  })
})
