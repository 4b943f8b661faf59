import { cpus, freemem, totalmem } from 'node:os'
import type { Clock } from '@shoal/common'

/** What is in use on this host, by whomever. */
export interface HostUse {
  /** CPUs' worth of work since it was last measured: 1.5 is one and a half. */
  readonly cpus: number
  readonly memoryBytes: number
}

/** What the kernel counts, as it stands. */
export interface Counters {
  /** Of every CPU since boot, in milliseconds. */
  readonly cpuTimes: readonly { readonly idle: number; readonly total: number }[]
  readonly memoryTotal: number
  /** What could be had without swapping: caches that can go are not in use. */
  readonly memoryAvailable: number
}

/** Placement asks for no more than this, in milliseconds. */
const MEASURE_EVERY_MS = 15_000

/** The counters of this machine. */
export function hostCounters(): Counters {
  return {
    cpuTimes: cpus().map(({ times }) => ({
      idle: times.idle,
      total: times.user + times.nice + times.sys + times.irq + times.idle,
    })),
    memoryTotal: totalmem(),
    memoryAvailable: freemem(),
  }
}

/** What was in use between two looks at the counters. A CPU that came or went between them does not count. */
export function useBetween(before: Counters, after: Counters): HostUse {
  let busy = 0
  after.cpuTimes.forEach((now, index) => {
    const then = before.cpuTimes[index]
    const total = then ? now.total - then.total : 0
    if (then && total > 0) busy += Math.min(1, Math.max(0, 1 - (now.idle - then.idle) / total))
  })
  return { cpus: busy, memoryBytes: Math.max(0, after.memoryTotal - after.memoryAvailable) }
}

/**
 * Measures when it is asked, at most four times a minute.
 * @returns undefined while there is nothing new
 */
export function createUseMeter(clock: Clock, read: () => Counters = hostCounters): () => HostUse | undefined {
  let latest = { atMs: clock.now(), counters: read() }
  return () => {
    const atMs = clock.now()
    if (atMs - latest.atMs < MEASURE_EVERY_MS) return undefined
    const counters = read()
    const use = useBetween(latest.counters, counters)
    latest = { atMs, counters }
    return use
  }
}
