import { readFileSync, writeFileSync } from 'node:fs'
import { median, rounded, type Result } from './benchmark.js'

/** One run of a benchmark, as it is kept in `test/bench/history/<name>.json`, oldest first. */
export interface PastRun {
  /** RFC 3339. */
  readonly at: string
  /** What the calibration took in the same run, in milliseconds. */
  readonly calibrationMs: number
  readonly results: Readonly<Record<string, number>>
}

/** How many of the latest runs are the standard. */
const STANDARD_RUNS = 5
/** So much worse than the standard is a regression: wall times of one build differ by a third on a shared machine. */
const TOLERANCE = 1.5

function pathOf(bench: string): URL {
  // The build is in test/dist, the history in the sources.
  return new URL(`../../bench/history/${bench}.json`, import.meta.url)
}

/** @returns the past runs, oldest first; none when nothing is stored */
export function readHistory(bench: string): PastRun[] {
  try {
    return JSON.parse(readFileSync(pathOf(bench), 'utf8')) as PastRun[]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

export function addToHistory(bench: string, run: PastRun): void {
  const runs = [...readHistory(bench), run]
  const lines = runs.map((one) => `  ${JSON.stringify(one)}`)
  writeFileSync(pathOf(bench), `[\n${lines.join(',\n')}\n]\n`)
}

export interface Comparison {
  readonly name: string
  /** The present value over the standard, both in units of their run's calibration; above 1 is worse. */
  readonly factor: number
  readonly regressed: boolean
}

/**
 * Compares with the median of the latest runs. Times count in units of what the calibration took in the same run, so
 * that a slower machine is no regression; ratios and counts count as they are.
 * @returns nothing for figures of which the history knows nothing
 */
export function compare(
  results: readonly Result[],
  calibrationMs: number,
  history: readonly PastRun[],
): Comparison[] {
  const standard = history.slice(-STANDARD_RUNS)
  return results.flatMap(({ name, value, unit }) => {
    const isTime = unit === 'ms' || unit === 's'
    const past = standard.flatMap((run) => {
      const known = run.results[name]
      return known === undefined ? [] : [isTime ? known / run.calibrationMs : known]
    })
    const usual = past.length === 0 ? 0 : median(past)
    if (usual <= 0) return []
    const factor = rounded((isTime ? value / calibrationMs : value) / usual)
    return [{ name, factor, regressed: factor > TOLERANCE }]
  })
}
