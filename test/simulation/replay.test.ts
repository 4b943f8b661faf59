import { describe, expect, test } from 'vitest'
import { simulate } from './index.js'

describe('the simulator', () => {
  test('replays a seed exactly', async () => {
    for (const seed of [3, 8]) {
      const [one, other] = [await simulate({ seed }), await simulate({ seed })]
      expect(other.hash).toBe(one.hash)
      expect(other.trace).toEqual(one.trace)
      expect(one.trace.length).toBeGreaterThan(50)
    }
  })

  test('lives different lives with different seeds', async () => {
    const hashes = new Set<string>()
    for (let seed = 1; seed <= 5; seed++) hashes.add((await simulate({ seed })).hash)
    expect(hashes.size).toBe(5)
  })

  test('lives through elections, hand-overs and takeovers, with hosts that leave and come back', async () => {
    const lines: string[] = []
    for (let seed = 1; seed <= 20; seed++)
      lines.push(...(await simulate({ seed, keepWholeTrace: true })).trace)
    for (const what of [
      / leads$/,
      / leads no more$/,
      /asked to end$/,
      / joins as /,
      / by force$/,
      /lost for good$/,
    ])
      expect(lines.filter((line) => what.test(line)).length).toBeGreaterThan(0)
  })
})
