import { describe, expect, test } from 'vitest'
import { compare, type PastRun } from '../bench/history.js'

const run = (calibrationMs: number, placeMs: number): PastRun => ({
  at: '2026-01-01T00:00:00.000Z',
  calibrationMs,
  results: { 'place-ms': placeMs, share: 2 },
})
const measured = (placeMs: number, share: number) => [
  { name: 'place-ms', value: placeMs, unit: 'ms' as const },
  { name: 'share', value: share, unit: 'ratio' as const },
]

describe('a benchmark beside its history', () => {
  test('given a machine half as fast, when all takes twice as long, then nothing has got worse', () => {
    const history = [run(100, 500), run(110, 550)]
    expect(compare(measured(1000, 2), 200, history)).toEqual([
      { name: 'place-ms', factor: 1, regressed: false },
      { name: 'share', factor: 1, regressed: false },
    ])
  })

  test('given the same machine, when one figure doubles, then that one is a regression', () => {
    const [place, share] = compare(measured(1000, 2.2), 100, [run(100, 500)])
    expect(place).toEqual({ name: 'place-ms', factor: 2, regressed: true })
    expect(share).toEqual({ name: 'share', factor: 1.1, regressed: false })
  })

  test('given one outlier in the past, then the median is the standard', () => {
    const history = [run(100, 500), run(100, 5000), run(100, 500)]
    expect(compare(measured(1000, 2), 100, history)[0]?.regressed).toBe(true)
  })

  test('given runs of long ago that were faster, then only the latest count', () => {
    const history = [run(100, 10), ...Array.from({ length: 5 }, () => run(100, 500))]
    expect(compare(measured(500, 2), 100, history)[0]?.factor).toBe(1)
  })

  test('given no history of a figure, then it is not compared', () => {
    expect(compare([{ name: 'new', value: 1, unit: 'count' }], 100, [run(100, 500)])).toEqual([])
    expect(compare(measured(1, 1), 100, [])).toEqual([])
  })
})
