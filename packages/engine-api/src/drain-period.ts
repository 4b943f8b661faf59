import type { StringMap } from './documents/index.js'

/** The label of a service that says how long its tasks are drained. Docker's API has no field for it. */
export const DRAIN_PERIOD_LABEL = 'shoal.drain-period'
/** Whoever needs longer keeps an update waiting for somebody who has forgotten a connection. */
export const LONGEST_DRAIN_MS = 3_600_000

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/**
 * For how long, at the most, open connections to a task that is about to stop may come to their end, in milliseconds.
 * @param labels the service's. A duration as Go writes it (`30s`, `1m30s`, `0`)
 * @returns undefined when the label is missing, or its value is no duration up to LONGEST_DRAIN_MS
 */
export function drainPeriodMs(labels: StringMap): number | undefined {
  const text = labels[DRAIN_PERIOD_LABEL]
  if (text === undefined) return undefined
  if (text === '0') return 0
  if (!/^(\d+(\.\d+)?(ms|[smh]))+$/.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, , unit = ''] of text.matchAll(/(\d+(\.\d+)?)(ms|[smh])/g)) {
    totalMs += Number(amount) * (MS_PER_UNIT[unit] ?? 0)
  }
  return totalMs <= LONGEST_DRAIN_MS ? Math.round(totalMs) : undefined
}
