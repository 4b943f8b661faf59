import { describe, expect, test } from 'vitest'
import { toTimestamp } from '@shoal/common'
import type { NodeState } from '@shoal/engine-api'
import type { NodeRecord } from '../state/records.js'
import { decideNodeHealth, ORPHANED_AFTER_MS } from './decide.js'

const T0 = Date.UTC(2026, 0, 1)
const PERIOD_MS = 5_000

function node(State: NodeState, updatedAtMs = T0): NodeRecord {
  return {
    ID: 'n1',
    Version: { Index: 1 },
    CreatedAt: toTimestamp(T0),
    UpdatedAt: toTimestamp(updatedAtMs),
    Spec: {},
    Description: { Hostname: 'h', Platform: {}, Resources: {}, Engine: { EngineVersion: '' } },
    Status: { State, Addr: '' },
  }
}

describe('what the silence of a node calls for', () => {
  test.each([
    ['unknown', 1_000_000, { type: 'rest' }],
    ['ready', 0, { type: 'wait', untilMs: T0 + 15_000 }],
    ['ready', 14_999, { type: 'wait', untilMs: T0 + 15_000 }],
    ['ready', 15_000, { type: 'mark-down', message: 'heartbeat failure' }],
    ['disconnected', 14_999, { type: 'wait', untilMs: T0 + 15_000 }],
    ['disconnected', 15_000, { type: 'mark-down', message: 'heartbeat failure' }],
    ['down', 15_000, { type: 'wait', untilMs: T0 + ORPHANED_AFTER_MS }],
    ['down', ORPHANED_AFTER_MS, { type: 'orphan-tasks', message: 'node has been down for 24 hours' }],
  ] as const)('a node that is %s and was heard of %i ms ago', (state, silenceMs, plan) => {
    expect(decideNodeHealth(node(state), T0, T0 + silenceMs, PERIOD_MS)).toEqual(plan)
  })

  test('the tasks of a node that was removed are orphaned at once', () => {
    expect(decideNodeHealth(undefined, T0, T0, PERIOD_MS).type).toBe('orphan-tasks')
  })
})
