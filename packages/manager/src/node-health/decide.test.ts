import { describe, expect, test } from 'vitest'
import { toTimestamp } from '@shoal/common'
import type { NodeState } from '@shoal/engine-api'
import type { NodeRecord } from '../state/records.js'
import { decideNodeHealth, ORPHANED_AFTER_MS, RESTORED_PATIENCE_MS } from './decide.js'

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

  test('a node of a restored cluster has time until its agent is told of the new managers', () => {
    const known = { ...node('unknown').Description, Engine: { EngineVersion: '28.2.2' } }
    const restored: NodeRecord = {
      ...node('unknown'),
      Description: known,
      Status: { State: 'unknown', Message: 'restored', Addr: '' },
    }
    const after = (ms: number) => decideNodeHealth(restored, T0, T0 + ms, PERIOD_MS)
    expect(after(RESTORED_PATIENCE_MS - 1)).toEqual({ type: 'wait', untilMs: T0 + RESTORED_PATIENCE_MS })
    expect(after(RESTORED_PATIENCE_MS)).toEqual({ type: 'mark-down', message: 'restored' })
  })

  test('the tasks of a node that was removed are orphaned at once', () => {
    expect(decideNodeHealth(undefined, T0, T0, PERIOD_MS).type).toBe('orphan-tasks')
  })
})
