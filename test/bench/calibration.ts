/** Rounds of the loop: about 200 ms on a core of 2024. */
const ROUNDS = 40_000
const TRIES = 5

interface Item {
  readonly id: string
  readonly weight: number
  readonly labels: { readonly group: string }
}

/**
 * A fixed piece of work of the kind that a manager does (small objects, maps, JSON): what a benchmark took, divided by
 * what this took in the same run, can be compared between machines, and between a busy hour and a quiet one.
 * @returns milliseconds of wall time, the best of five
 */
export function calibrate(): number {
  let best = Infinity
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const startedAt = performance.now()
    if (work() === 0) throw new Error('the calibration did nothing')
    best = Math.min(best, performance.now() - startedAt)
  }
  return best
}

function work(): number {
  const byGroup = new Map<string, Item[]>()
  let bytes = 0
  for (let round = 0; round < ROUNDS; round++) {
    const item: Item = {
      id: `item-${round}`,
      weight: (round * 7919) % 1009,
      labels: { group: `g${round % 97}` },
    }
    const text = JSON.stringify(item)
    bytes += text.length
    const copy = { ...(JSON.parse(text) as Item), weight: item.weight + 1 }
    const members = byGroup.get(copy.labels.group)
    if (members) members.push(copy)
    else byGroup.set(copy.labels.group, [copy])
  }
  for (const members of byGroup.values()) members.sort((a, b) => a.weight - b.weight)
  return bytes
}
