/** More slots than this give no finer shares that anybody could see, and cost a map element each. */
const MOST_SLOTS = 256

export interface Weighted {
  readonly target: string
  readonly weight: number
}

/**
 * The slots of a balancer, each with its target: as many for each as its weight says, spread evenly. Targets of equal
 * weight get one each. One of weight 0 gets none, unless all are 0.
 */
export function slotsFor(given: readonly Weighted[]): string[] {
  const weighted = given.filter(({ weight }) => weight > 0)
  if (weighted.length === 0) return given.map(({ target }) => target)
  const shares = countsFor(weighted.map(({ weight }) => weight))
  // The k-th of n slots of a target stands at (k + ½) / n of the way round.
  const places = weighted.flatMap(({ target }, index) => {
    const count = shares[index]!
    return Array.from({ length: count }, (_, k) => ({ target, at: (k + 0.5) / count }))
  })
  return places.sort((a, b) => a.at - b.at).map(({ target }) => target)
}

function countsFor(weights: readonly number[]): number[] {
  const whole = weights.every(Number.isInteger)
  const divisor = whole ? weights.reduce(greatestCommonDivisor) : Math.min(...weights)
  const counts = weights.map((weight) => Math.round(weight / divisor))
  const sum = counts.reduce((a, b) => a + b, 0)
  const most = Math.max(MOST_SLOTS, weights.length)
  return sum <= most ? counts : counts.map((count) => Math.max(1, Math.round((count * most) / sum)))
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
