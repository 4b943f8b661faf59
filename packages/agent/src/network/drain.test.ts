import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { silentLogger } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { DRAIN_PERIOD_LABEL } from '@shoal/engine-api'
import type { Run } from './apply/index.js'
import { drain } from './drain.js'

const BUSY = 'tcp      6 999999999 ESTABLISHED src=10.0.0.9 dst=10.1.0.30 sport=40000 dport=80 [ASSURED]\n'
const Attachments = [{ NetworkID: 'back', Address: '10.1.0.30', Aliases: [] }]

/** Drains to the end, and says how long it took by the clock. */
async function drained(task: Parameters<typeof drain>[1], run: Run): Promise<number> {
  const clock = new VirtualClock()
  const began = clock.now()
  const times = { longestMs: 1_000, idleMs: 2_000, pollMs: 250 }
  let isOver = false
  const done = drain({ run, clock, log: silentLogger, ...times }, task, new AbortController().signal)
  void done.then(() => {
    isOver = true
  })
  while (!isOver) {
    await setImmediate()
    const next = clock.nextTimerAt()
    if (next !== undefined) clock.advance(next - clock.now())
  }
  return clock.now() - began
}

const shows =
  (...listings: string[]): Run =>
  () =>
    Promise.resolve({
      code: 0,
      stdout: listings.length > 1 ? (listings.shift() ?? '') : (listings[0] ?? ''),
      stderr: '',
    })

describe('the connections of a task that is about to stop', () => {
  test('given none, nobody waits', async () => {
    expect(await drained({ Attachments, ServiceLabels: {} }, shows(''))).toBe(0)
  })

  test('they have their time, and no more', async () => {
    expect(await drained({ Attachments, ServiceLabels: {} }, shows(BUSY))).toBe(1_000)
  })

  test('they have the time that the service says', async () => {
    const ServiceLabels = { [DRAIN_PERIOD_LABEL]: '5s' }
    expect(await drained({ Attachments, ServiceLabels }, shows(BUSY))).toBe(5_000)
    expect(await drained({ Attachments, ServiceLabels: { [DRAIN_PERIOD_LABEL]: '0' } }, shows(BUSY))).toBe(0)
  })

  test('when they have ended, the task need not wait', async () => {
    expect(await drained({ Attachments, ServiceLabels: {} }, shows(BUSY, BUSY, ''))).toBe(500)
  })

  test('a task without a network of the cluster has none', async () => {
    expect(await drained({ ServiceLabels: {} }, shows(BUSY))).toBe(0)
  })
})
