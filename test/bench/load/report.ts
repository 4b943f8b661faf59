import type { FailureKind } from './failure.js'
import type { Mode } from './plan.js'

export interface FailedRequest {
  /** Milliseconds after the load began. */
  readonly atMs: number
  readonly mode: Mode
  readonly kind: FailureKind
  readonly address: string
  readonly message: string
}

/** What one mode's requests came to. */
export interface ModeReport {
  readonly answered: number
  readonly failed: Partial<Record<FailureKind, number>>
  /** Kept connections that the server closed between two requests. */
  readonly reopened: number
  /** How many answers came in which time: see `bucketOf`. */
  readonly latencies: readonly number[]
}

export interface Report {
  readonly durationMs: number
  readonly modes: Partial<Record<Mode, ModeReport>>
  /** The first of them, in order. */
  readonly failures: readonly FailedRequest[]
  /** Answers by the task (or container) that gave them. */
  readonly backends: Readonly<Record<string, number>>
  /** Answers by the client's address as the task saw it. */
  readonly clients: Readonly<Record<string, number>>
}

export const MOST_FAILURES_KEPT = 200

/** Latencies are counted in buckets that grow by 5 %: from 10 µs on, a percentile is right within that. */
const GROWTH = 1.05
const SMALLEST_MS = 0.01
export const BUCKETS = 300

export function bucketOf(ms: number): number {
  const bucket = Math.ceil(Math.log(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) / Math.log(GROWTH))
  return Math.min(bucket, BUCKETS - 1)
}

/** The time, in milliseconds, within which the `share` (0 … 1) of the answers came; 0 without any. */
export function percentile(latencies: readonly number[], share: number): number {
  const wanted = latencies.reduce((sum, count) => sum + count, 0) * share
  let seen = 0
  for (const [bucket, count] of latencies.entries()) {
    seen += count
    if (count > 0 && seen >= wanted) return SMALLEST_MS * GROWTH ** bucket
  }
  return 0
}

export function failedOf(report: Report): number {
  return Object.values(report.modes).reduce((sum, { failed }) => sum + total(failed), 0)
}

export function answeredOf(report: Report): number {
  return Object.values(report.modes).reduce((sum, { answered }) => sum + answered, 0)
}

/** What several threads have counted at the same time. */
export function merge(reports: readonly Report[]): Report {
  return {
    durationMs: Math.max(0, ...reports.map(({ durationMs }) => durationMs)),
    modes: mergeRecords(
      reports.map(({ modes }) => modes),
      mergeModes,
    ),
    failures: reports
      .flatMap(({ failures }) => failures)
      .sort((a, b) => a.atMs - b.atMs)
      .slice(0, MOST_FAILURES_KEPT),
    backends: addUp(reports.map(({ backends }) => backends)),
    clients: addUp(reports.map(({ clients }) => clients)),
  }
}

function mergeModes(a: ModeReport, b: ModeReport): ModeReport {
  return {
    answered: a.answered + b.answered,
    failed: addUp([a.failed, b.failed]),
    reopened: a.reopened + b.reopened,
    latencies: a.latencies.map((count, bucket) => count + b.latencies[bucket]!),
  }
}

function addUp<Key extends string>(counts: readonly Partial<Record<Key, number>>[]): Record<Key, number> {
  return mergeRecords(counts, (a, b) => a + b) as Record<Key, number>
}

function mergeRecords<Key extends string, Value>(
  records: readonly Partial<Record<Key, Value>>[],
  join: (a: Value, b: Value) => Value,
): Partial<Record<Key, Value>> {
  const merged: Partial<Record<Key, Value>> = {}
  for (const record of records)
    for (const [key, value] of Object.entries(record) as [Key, Value][]) {
      const before = merged[key]
      merged[key] = before === undefined ? value : join(before, value)
    }
  return merged
}

function total(counts: Partial<Record<string, number>>): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0)
}
