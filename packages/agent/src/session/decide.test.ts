import { describe, expect, test } from 'vitest'
import { seededRandom } from '@shoal/common'
import { decideNextTry, firstTry, type SessionOutcome } from './decide.js'

/** No jitter: the longest wait of each range. */
const never = { next: () => 1 }
const THREE = ['a:2377', 'b:2377', 'c:2377']
const unreachable: SessionOutcome = { kind: 'unreachable', reason: '' }

describe('whom an agent calls next', () => {
  test('after a good session: at once another manager than the one that was lost, which may stand still', () => {
    const outcome: SessionOutcome = { kind: 'lost', reason: '', livedMs: 60_000 }
    expect(decideNextTry(outcome, 7, THREE, 0, never)).toMatchObject({
      delayMs: 100,
      address: 'b:2377',
      failures: 1,
    })
    expect(decideNextTry(outcome, 7, ['a'], 0, never)).toMatchObject({
      delayMs: 100,
      address: 'a',
      failures: 0,
    })
  })

  test('after a good session with a manager that was deposed: at once the one that it names', () => {
    const outcome: SessionOutcome = { kind: 'lost', reason: '', livedMs: 60_000, primary: 'p:2377' }
    expect(decideNextTry(outcome, 7, THREE, 0, never)).toMatchObject({
      delayMs: 100,
      address: 'p:2377',
      failures: 1,
    })
  })

  test('a manager that does not answer is soon passed over; if all are slow, they get more time', () => {
    const patience = [0, 1, 2, 5, 8, 60].map(
      (failures) => decideNextTry(unreachable, failures, THREE, 0, never).patienceMs,
    )
    expect(patience).toEqual([2_000, 2_000, 4_000, 8_000, 16_000, 32_000])
    const lost: SessionOutcome = { kind: 'lost', reason: '', livedMs: 60_000 }
    expect(decideNextTry(lost, 60, THREE, 0, never).patienceMs).toBe(2_000)
  })

  test('where there is only one manager, it gets its time from the beginning', () => {
    expect(firstTry(['a']).patienceMs).toBe(16_000)
    expect(firstTry(THREE).patienceMs).toBe(2_000)
    const patience = [0, 1, 60].map(
      (failures) => decideNextTry(unreachable, failures, ['a'], 0, never).patienceMs,
    )
    expect(patience).toEqual([32_000, 64_000, 64_000])
    expect(decideNextTry(unreachable, 0, ['a'], 32_000, never).patienceMs).toBe(64_000)
  })

  test('the managers take turns, and every round waits twice as long, up to eight seconds', () => {
    const tries: string[] = []
    let failures = 0
    for (let i = 0; i < 24; i++) {
      const next = decideNextTry(unreachable, failures, THREE, 0, never)
      failures = next.failures
      tries.push(`${next.address?.[0]}${next.delayMs}`)
    }
    expect(tries.join(' ')).toBe(
      'b100 c100 a100 b200 c200 a200 b400 c400 a400 b800 c800 a800 ' +
        'b1600 c1600 a1600 b3200 c3200 a3200 b6400 c6400 a6400 b8000 c8000 a8000',
    )
  })

  test('a session that ends as soon as it began is a failure', () => {
    const outcome: SessionOutcome = { kind: 'lost', reason: '', livedMs: 10 }
    expect(decideNextTry(outcome, 5, ['a'], 0, never)).toMatchObject({ delayMs: 3_200, failures: 6 })
  })

  test('a manager that names the primary is believed', () => {
    const outcome: SessionOutcome = { kind: 'unreachable', reason: '', primary: 'p:2377' }
    expect(decideNextTry(outcome, 0, THREE, 0, never).address).toBe('p:2377')
  })

  test('who was refused asks seldom', () => {
    expect(decideNextTry({ kind: 'refused', reason: '' }, 0, THREE, 0, never).delayMs).toBe(30_000)
  })

  test('many who failed together do not come back together', () => {
    const random = seededRandom(1)
    const delays = Array.from({ length: 100 }, () => decideNextTry(unreachable, 6, ['a'], 0, random).delayMs)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(3_200)
    expect(Math.max(...delays)).toBeLessThanOrEqual(6_400)
    expect(new Set(delays).size).toBeGreaterThan(90)
  })

  test('of a large cluster, those who have lost their manager come back one after the other', () => {
    const lost: SessionOutcome = { kind: 'lost', reason: '', livedMs: 60_000 }
    const random = seededRandom(1)
    const delays = Array.from({ length: 1_000 }, () => decideNextTry(lost, 0, ['a'], 32_000, random).delayMs)
    expect(delays.filter((delayMs) => delayMs < 8_000).length).toBeLessThan(300)
    expect(Math.max(...delays)).toBeGreaterThan(31_000)
    // Whoever has to wait while others shake hands does not give up so soon: that would make it worse.
    expect(decideNextTry(lost, 0, THREE, 32_000, never).patienceMs).toBe(10_000)
    expect(decideNextTry(unreachable, 60, THREE, 32_000, never).patienceMs).toBe(40_000)
  })

  test('without any manager there is none to call', () => {
    expect(decideNextTry(unreachable, 0, [], 0, never).address).toBeUndefined()
  })
})
