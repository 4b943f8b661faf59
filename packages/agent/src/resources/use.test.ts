import { VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import { createUseMeter, hostCounters, useBetween, type Counters } from './use.js'

const counters = (...cpuTimes: [idle: number, total: number][]): Counters => ({
  cpuTimes: cpuTimes.map(([idle, total]) => ({ idle, total })),
  memoryTotal: 1000,
  memoryAvailable: 400,
})

describe('what is in use on a host', () => {
  test('is the time that its CPUs were not idle, and the memory that is not to be had', () => {
    const use = useBetween(counters([100, 200], [100, 200]), counters([150, 300], [100, 300]))
    expect(use).toEqual({ cpus: 1.5, memoryBytes: 600 })
  })

  test('is nothing for a CPU that was not there before, or stood still', () => {
    expect(useBetween(counters([0, 0]), counters([0, 0], [0, 100])).cpus).toBe(0)
  })

  test('is measured at most every fifteen seconds, since the last time', async () => {
    const clock = new VirtualClock()
    let now = counters([0, 0])
    const measure = createUseMeter(clock, () => now)
    await clock.advanceAsync(14_000)
    now = counters([50, 100])
    expect(measure()).toBeUndefined()
    await clock.advanceAsync(1_000)
    expect(measure()?.cpus).toBe(0.5)
    now = counters([150, 200])
    expect(measure()).toBeUndefined()
    await clock.advanceAsync(15_000)
    expect(measure()?.cpus).toBe(0)
  })

  test('can be read on this machine', () => {
    const { cpuTimes, memoryTotal, memoryAvailable } = hostCounters()
    expect(cpuTimes.length).toBeGreaterThan(0)
    expect(memoryAvailable).toBeGreaterThan(0)
    expect(memoryAvailable).toBeLessThan(memoryTotal)
  })
})
