export interface Result {
  readonly name: string
  readonly value: number
  readonly unit: 'ratio' | 'mb' | 's' | 'ms' | 'count' | 'requests'
  /** For the table only. */
  readonly note?: string
}

export type StoreKind = 'embedded' | 'etcd'

export interface BenchmarkOptions {
  readonly say: (text: string) => void
  /** How often each figure is measured; the median counts. */
  readonly rounds: number
  /** How long a benchmark lasts that measures for a time. */
  readonly minutes: number
  /** How many agents take part in a benchmark that pretends them. */
  readonly agents: number
  /** How many tasks a benchmark starts at least that counts them. */
  readonly tasks: number
  /** Which store a benchmark uses that brings its own. */
  readonly store: StoreKind
  /** Where a benchmark that measures in processes of its own has them write their profiles, if anywhere. */
  readonly profileDir?: string
}

export type Benchmark = (options: BenchmarkOptions) => Promise<Result[]>

/** The middle of the values; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}
