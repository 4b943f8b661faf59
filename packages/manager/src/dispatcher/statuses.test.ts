import { describe, expect, test } from 'vitest'
import type { TaskState } from '@shoal/common'
import { parseStatus, withStatuses } from './statuses.js'
import { status, task } from './testing/records.js'

const NOW_MS = Date.UTC(2026, 0, 2)

describe('a task after its agent has reported', () => {
  test.each<[TaskState, TaskState[], TaskState | undefined]>([
    ['assigned', ['running'], 'running'],
    ['assigned', ['running', 'failed'], 'failed'],
    ['assigned', ['rejected'], 'rejected'],
    ['running', ['running'], undefined],
    ['running', ['starting'], undefined],
    ['running', ['shutdown'], 'shutdown'],
    ['shutdown', ['failed'], undefined],
    ['failed', ['running', 'complete'], undefined],
    ['orphaned', ['failed'], undefined],
  ])('from %s by %j comes %s', (from, reported, to) => {
    const next = withStatuses(task('t1', { Status: status(from) }), reported.map(status), NOW_MS)
    expect(next?.Status.State).toBe(to)
  })

  test('it runs since the manager first heard so, even if its end is heard of in the same moment', () => {
    const next = withStatuses(task('t1'), [status('running'), status('failed')], NOW_MS)
    expect(next?.Shoal.RunningSinceMs).toBe(NOW_MS)
    expect(withStatuses(task('t1'), [status('failed')], NOW_MS)?.Shoal.RunningSinceMs).toBeUndefined()
  })
})

describe('the text of a status', () => {
  test('comes out as it went in', () => {
    const whole = {
      ...status('failed'),
      Err: 'exit 1',
      ContainerStatus: { ContainerID: 'c', PID: 0, ExitCode: 1 },
    }
    expect(parseStatus(JSON.stringify(whole))).toEqual(whole)
  })

  test.each([
    ['no JSON', '{'],
    ['no object', '"running"'],
    ['fields missing', '{"State":"running"}'],
    ['a state that nobody knows', JSON.stringify({ ...status('running'), State: 'walking' })],
    ["the manager's own state", JSON.stringify(status('assigned'))],
    ["the manager's own end", JSON.stringify(status('orphaned'))],
  ])('is refused: %s', (_, json) => {
    expect(() => parseStatus(json)).toThrow('malformed task status')
  })
})
