import { describe, expect, test } from 'vitest'
import type { TaskReport } from './ports.js'
import { Outbox } from './outbox.js'

const report = (taskId: string, State: string, Message = ''): TaskReport => ({
  taskId,
  status: { Timestamp: '', State, Message },
})
const told = (batch: readonly TaskReport[]) => batch.map(({ taskId, status }) => `${taskId} ${status.State}`)

describe('statuses that wait for the manager', () => {
  test('of chatter only the latest waits; running and the end are both kept', () => {
    const outbox = new Outbox()
    for (const state of ['accepted', 'preparing', 'starting', 'running', 'failed'])
      outbox.add(report('t1', state))
    outbox.add(report('t2', 'accepted'))
    outbox.add(report('t2', 'preparing'))
    expect(told(outbox.take())).toEqual(['t1 running', 't1 failed', 't2 preparing'])
    expect(outbox.size).toBe(0)
  })

  test('no step back and nothing twice', () => {
    const outbox = new Outbox()
    for (const state of ['running', 'starting', 'running']) outbox.add(report('t1', state))
    expect(told(outbox.take())).toEqual(['t1 running'])
  })

  test('what did not get through is told before what came later', () => {
    const outbox = new Outbox()
    outbox.add(report('t1', 'running'))
    const lost = outbox.take()
    outbox.add(report('t1', 'failed'))
    outbox.add(report('t2', 'preparing'))
    outbox.putBack(lost)
    expect(told(outbox.take())).toEqual(['t1 running', 't1 failed', 't2 preparing'])
  })

  test('much of it goes in several batches', () => {
    const outbox = new Outbox()
    for (let i = 0; i < 10; i++) outbox.add(report(`t${i}`, 'failed', 'x'.repeat(100_000)))
    const batches: number[] = []
    while (outbox.size > 0) batches.push(outbox.take().length)
    expect(batches).toEqual([3, 3, 3, 1])
  })
})
