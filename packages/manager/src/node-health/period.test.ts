import { NANOSECONDS_PER_MILLISECOND, seededRandom } from '@shoal/common'
import { describe, expect, test } from 'vitest'
import { newClusterRecord } from '../ca/index.js'
import type { ClusterRecord } from '../state/records.js'
import { heartbeatPeriodMs, pulseMs, reconnectWithinMs } from './period.js'

function cluster(periodMs: number): ClusterRecord {
  const record = newClusterRecord({ id: 'c', nowMs: 0, random: seededRandom(1) })
  const Dispatcher = { HeartbeatPeriod: periodMs * NANOSECONDS_PER_MILLISECOND }
  return { ...record, Spec: { ...record.Spec, Dispatcher } }
}

describe('how often agents are to be heard of', () => {
  test.each([
    ['is what Docker does by default', undefined, 1, 5_000],
    ['does not change with some thousand nodes', undefined, 3_000, 5_000],
    ['doubles', undefined, 3_001, 10_000],
    ['and doubles again', undefined, 10_001, 20_000],
    ['but does not grow for ever', undefined, 1_000_000, 60_000],
    ['is what the spec says', cluster(1_000), 600, 1_000],
    ['grows from there', cluster(1_000), 700, 2_000],
    ['and is never shorter than that', cluster(90_000), 1_000_000, 90_000],
  ])('%s', (_name, record, nodes, expected) => {
    expect(heartbeatPeriodMs(record, nodes)).toBe(expected)
  })
})

describe('how often agents look whether their manager lives', () => {
  test.each([
    ['every two seconds in a small cluster', undefined, 1_200, 2_000],
    ['at least twice in a heartbeat period', undefined, 1_201, 2_500],
    ['seldomer in a large one', undefined, 10_001, 10_000],
    ['oftener when heartbeats are', cluster(1_000), 1, 500],
  ])('%s', (_name, record, nodes, expected) => {
    expect(pulseMs(record, nodes)).toBe(expected)
  })
})

test.each([
  ['few agents come back at once', 500, 0],
  ['some more get a second', 501, 1_000],
  ['it doubles when that would be too short', 900, 2_000],
  ['ten thousand', 10_001, 32_000],
  ['it does not grow for ever', 1_000_000, 64_000],
])('the time within which agents come back: %s', (_name, nodes, expected) => {
  expect(reconnectWithinMs(nodes)).toBe(expected)
})
