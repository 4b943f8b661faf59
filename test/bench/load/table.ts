import { rounded } from '../benchmark.js'
import { type ModeReport, percentile, type Report } from './report.js'

const SHARES = [0.5, 0.9, 0.99, 0.999, 1]

/** A report for people. */
export function reportTable(report: Report): string {
  const rows = Object.entries(report.modes).map(([mode, counts]) => modeRow(mode, counts, report.durationMs))
  return [
    'mode       answered      /s   failed  reopened     p50     p90     p99   p99.9     max  (ms)',
    ...rows,
    ...lines('answers by task', report.backends),
    ...lines('clients as the tasks saw them', report.clients),
    ...report.failures
      .slice(0, 20)
      .map(({ atMs, mode, kind, address, message }) => `${atMs} ms: ${mode} ${address} ${kind}: ${message}`),
  ].join('\n')
}

function modeRow(mode: string, { answered, failed, reopened, latencies }: ModeReport, ms: number): string {
  const failures = Object.entries(failed).map(([kind, count]) => `${kind} ${count}`)
  const times = SHARES.map((share) => String(rounded(percentile(latencies, share), 1)).padStart(8))
  const total = Object.values(failed).reduce((sum, count) => sum + count, 0)
  const numbers = [
    String(answered).padStart(9),
    String(Math.round((answered * 1000) / ms)).padStart(8),
    String(total).padStart(9),
    String(reopened).padStart(10),
  ]
  return `${mode.padEnd(10)}${numbers.join('')}${times.join('')}  ${failures.join(', ')}`
}

function lines(title: string, counts: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(counts)
  if (entries.length === 0) return []
  return [`${title}: ${entries.map(([name, count]) => `${name} ${count}`).join(', ')}`]
}
