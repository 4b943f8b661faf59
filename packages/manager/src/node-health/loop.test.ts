import { beforeEach, describe, expect, test } from 'vitest'
import {
  NANOSECONDS_PER_MILLISECOND,
  seededRandom,
  silentLogger,
  toTimestamp,
  type TaskState,
} from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import type { NodeState } from '@shoal/engine-api'
import { newClusterRecord } from '../ca/index.js'
import { put, remove, type NodeRecord, type TaskRecord } from '../state/records.js'
import { createTestState } from '../state/testing/index.js'
import { Beats } from './beats.js'
import { createNodeHealth } from './loop.js'

const HOUR_MS = 3_600_000

describe('the watch over nodes', () => {
  let clock: VirtualClock
  let beats: Beats
  let state: Awaited<ReturnType<typeof createTestState>>

  beforeEach(async () => {
    clock = new VirtualClock()
    beats = new Beats(clock)
    state = await createTestState(clock)
  })

  function begin(): void {
    createNodeHealth({ state, clock, log: silentLogger, beats }).start(new AbortController().signal)
  }

  const stateOfNode = (id: string) => state.get('node', id)?.Status.State
  const stateOfTask = (id: string) => state.get('task', id)?.Status.State

  test('a node whose beats stay away is down after three periods; one that beats is not', async () => {
    await state.commit([put('node', node('silent', 'ready')), put('node', node('alive', 'ready'))])
    begin()
    for (let second = 0; second < 14; second++) {
      await clock.advanceAsync(1_000)
      beats.beat('alive')
    }
    expect(stateOfNode('silent')).toBe('ready')
    await clock.advanceAsync(1_000)
    expect(state.get('node', 'silent')?.Status).toEqual({
      State: 'down',
      Message: 'heartbeat failure',
      Addr: '10.0.0.1',
    })
    await clock.advanceAsync(10_000)
    expect(stateOfNode('alive')).toBe('ready')
  })

  test('a shorter period counts from when it is set: no node is down for having kept to the longer one', async () => {
    const cluster = newClusterRecord({ id: 'c1', nowMs: clock.now(), random: seededRandom(1) })
    await state.commit([put('cluster', cluster), put('node', node('n1', 'ready'))])
    begin()
    await clock.advanceAsync(4_000)
    const stored = state.cluster() ?? cluster
    const Spec = { ...stored.Spec, Dispatcher: { HeartbeatPeriod: 1_000 * NANOSECONDS_PER_MILLISECOND } }
    await state.commit([put('cluster', { ...stored, Spec })])
    await clock.advanceAsync(2_900)
    expect(stateOfNode('n1')).toBe('ready')
    await clock.advanceAsync(200)
    expect(stateOfNode('n1')).toBe('down')
  })

  test('a node that never connected stays unknown', async () => {
    await state.commit([put('node', node('new', 'unknown'))])
    begin()
    await clock.advanceAsync(HOUR_MS)
    expect(stateOfNode('new')).toBe('unknown')
  })

  test('after a day down, what ran there is orphaned, and what had ended stays as it ended', async () => {
    await state.commit([
      put('node', node('n1', 'down')),
      put('task', task('ran', 'running')),
      put('task', task('waited', 'assigned')),
      put('task', task('ended', 'failed')),
      put('task', task('unplaced', 'pending')),
    ])
    begin()
    await clock.advanceAsync(24 * HOUR_MS - 1_000)
    expect(stateOfTask('ran')).toBe('running')
    await clock.advanceAsync(31_000)
    expect(stateOfTask('ran')).toBe('orphaned')
    expect(stateOfTask('waited')).toBe('orphaned')
    expect(stateOfTask('ended')).toBe('failed')
    expect(stateOfTask('unplaced')).toBe('pending')
  })

  test('the tasks of a removed node are orphaned at once, however many', async () => {
    const ids = Array.from({ length: 250 }, (_, i) => `t${i}`)
    await state.commit([put('node', node('n1', 'ready'))])
    for (let from = 0; from < ids.length; from += 50) {
      await state.commit(ids.slice(from, from + 50).map((id) => put('task', task(id, 'running'))))
    }
    begin()
    await clock.advanceAsync(1_000)
    const stored = state.get('node', 'n1')
    if (stored) await state.commit([remove('node', stored)])
    await clock.advanceAsync(1_000)
    expect(ids.every((id) => stateOfTask(id) === 'orphaned')).toBe(true)
  })
})

function meta(ID: string) {
  const now = toTimestamp(Date.UTC(2026, 0, 1))
  return { ID, Version: { Index: 0 }, CreatedAt: now, UpdatedAt: now }
}

function node(id: string, State: NodeState): NodeRecord {
  return {
    ...meta(id),
    Spec: {},
    Description: { Hostname: id, Platform: {}, Resources: {}, Engine: { EngineVersion: '' } },
    Status: { State, Addr: '10.0.0.1' },
  }
}

function task(id: string, State: TaskState): TaskRecord {
  return {
    ...meta(id),
    ServiceID: 's1',
    NodeID: 'n1',
    Labels: {},
    Status: { Timestamp: '', State, Message: '' },
    DesiredState: 'running',
    Shoal: { SpecVersion: 1 },
  }
}
