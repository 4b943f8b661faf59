import type { RestartPolicy } from '@shoal/engine-api'
import { describe, expect, test } from 'vitest'
import type { TaskRecord } from '../../state/records.js'
import { aTask } from '../../state/testing/index.js'
import { backOffMs, decideRestart, ranMs } from './restart.js'

const NOW = Date.UTC(2026, 0, 1, 12)
const SECOND = 1_000_000_000

function ended(
  State: 'complete' | 'failed' | 'rejected',
  shoal: Partial<TaskRecord['Shoal']> = {},
): TaskRecord {
  const Status = { Timestamp: new Date(NOW).toISOString(), State, Message: State }
  return aTask('t', { Status, Shoal: { SpecVersion: 1, ...shoal } })
}

describe('the condition', () => {
  test.each<[string | undefined, 'complete' | 'failed' | 'rejected', 'rest' | 'restart']>([
    [undefined, 'complete', 'restart'],
    [undefined, 'failed', 'restart'],
    ['any', 'complete', 'restart'],
    ['any', 'rejected', 'restart'],
    ['on-failure', 'complete', 'rest'],
    ['on-failure', 'failed', 'restart'],
    ['on-failure', 'rejected', 'restart'],
    ['none', 'complete', 'rest'],
    ['none', 'failed', 'rest'],
  ])('%s after %s: %s', (condition, state, expected) => {
    const policy: RestartPolicy = condition === undefined ? {} : { Condition: condition }
    expect(decideRestart(ended(state), policy, NOW).type).toBe(expected)
  })
})

describe('attempts', () => {
  const recent = [NOW - 20_000, NOW - 10_000]
  test.each<[string, RestartPolicy, readonly number[], 'rest' | 'restart']>([
    ['are unlimited by default', {}, recent, 'restart'],
    ['are unlimited with 0', { MaxAttempts: 0 }, recent, 'restart'],
    ['that are used up end it', { MaxAttempts: 2 }, recent, 'rest'],
    ['that are left are used', { MaxAttempts: 3 }, recent, 'restart'],
    ['count within the window only', { MaxAttempts: 2, Window: 15 * SECOND }, recent, 'restart'],
    ['within the window count', { MaxAttempts: 2, Window: 30 * SECOND }, recent, 'rest'],
  ])('%s', (_name, policy, RestartsAtMs, expected) => {
    expect(decideRestart(ended('failed', { RestartsAtMs }), policy, NOW).type).toBe(expected)
  })

  test('are remembered by the successor, and only as long as they can matter', () => {
    const policy = { MaxAttempts: 2, Window: 15 * SECOND }
    expect(decideRestart(ended('failed', { RestartsAtMs: recent }), policy, NOW)).toMatchObject({
      restartsAtMs: [NOW - 10_000, NOW],
    })
    expect(decideRestart(ended('failed'), {}, NOW)).not.toHaveProperty('restartsAtMs')
  })
})

describe('the wait', () => {
  test.each([
    [5_000, 1, 5_000],
    [5_000, 3, 5_000],
    [5_000, 4, 10_000],
    [5_000, 6, 40_000],
    [5_000, 60, 300_000],
    [0, 3, 0],
    [0, 4, 2_000],
    [600_000, 20, 600_000],
  ])('of a delay of %i ms after %i quick failures is %i ms', (delay, failures, expected) => {
    expect(backOffMs(delay, failures)).toBe(expected)
  })

  test('grows with tasks that end soon, and is forgotten after one that ran for long', () => {
    const quick = ended('failed', { QuickFailures: 3, RunningSinceMs: NOW - 9_000 })
    expect(decideRestart(quick, {}, NOW)).toMatchObject({ quickFailures: 4, startAfterMs: NOW + 10_000 })
    const long = ended('failed', { QuickFailures: 3, RunningSinceMs: NOW - 11_000 })
    expect(decideRestart(long, {}, NOW)).toMatchObject({ quickFailures: 0, startAfterMs: NOW + 5_000 })
  })

  test('of a task that failed while it waited itself is over first', () => {
    const StartAfterMs = NOW + 3_000
    expect(decideRestart(ended('rejected', { StartAfterMs }), {}, NOW)).toEqual({
      type: 'wait',
      untilMs: StartAfterMs,
    })
    expect(decideRestart(ended('rejected', { StartAfterMs }), {}, StartAfterMs).type).toBe('restart')
  })

  test('is not confused by the clock of a node that is wrong', () => {
    const task = ended('failed', { RunningSinceMs: NOW - 4_000 })
    const at = (ms: number) => ({
      ...task,
      Status: { ...task.Status, Timestamp: new Date(ms).toISOString() },
    })
    expect(ranMs(at(NOW + 3_600_000), NOW)).toBe(4_000)
    expect(ranMs(at(NOW - 3_600_000), NOW)).toBe(0)
  })
})
