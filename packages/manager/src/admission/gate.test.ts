import { describe, expect, test } from 'vitest'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { Gate, WAIT_MS } from './gate.js'

function gateFor(atOnce: number) {
  const clock = new VirtualClock()
  const seen: string[] = []
  const crowd = { count: 0 }
  const gate = new Gate({ clock, atOnce, crowded: () => crowd.count++ })
  const arrive = (...keys: string[]): void => {
    for (const key of keys) {
      gate.arrive({ key, letIn: () => seen.push(`in ${key}`), sendAway: () => seen.push(`away ${key}`) })
    }
  }
  return { clock, crowd, gate, seen, arrive }
}

describe('the gate', () => {
  test('lets few in at once, and the latest when one of them has said what it wants', () => {
    const { gate, seen, arrive } = gateFor(2)
    arrive('a', 'b', 'c', 'd')
    expect(seen).toEqual(['in a', 'in b'])
    gate.done('b')
    expect(seen).toEqual(['in a', 'in b', 'in d'])
    gate.done('b')
    gate.done('x')
    expect(seen).toHaveLength(3)
  })

  test('one that says nothing stands in the way for three seconds only', () => {
    const { clock, seen, arrive } = gateFor(1)
    arrive('silent', 'b')
    clock.advance(2_999)
    expect(seen).toEqual(['in silent'])
    clock.advance(1)
    expect(seen).toEqual(['in silent', 'in b'])
  })

  test('who has waited too long is sent away unheard', () => {
    const { clock, crowd, gate, seen, arrive } = gateFor(1)
    arrive('a')
    for (let tenth = 0; tenth < 10; tenth++) arrive(`late ${tenth}`)
    for (let more = 0; more < 90; more++) arrive(`later ${more}`)
    clock.advance(WAIT_MS)
    expect(seen.filter((one) => one.startsWith('in'))).toHaveLength(30)
    expect(seen.filter((one) => one.startsWith('away'))).toHaveLength(71)
    expect(crowd.count).toBe(100)
    expect(gate.waiting).toBe(0)
    clock.advance(10_000)
    arrive('later')
    expect(seen.at(-1)).toBe('in later')
  })

  test('who has hung up while it waited is forgotten', () => {
    const { gate, seen, arrive } = gateFor(1)
    arrive('a', 'b', 'c')
    gate.done('b')
    gate.done('a')
    expect(seen).toEqual(['in a', 'in c'])
  })

  test('closed, it sends everybody away who waits, and no timer is left', () => {
    const { clock, gate, seen, arrive } = gateFor(1)
    arrive('a', 'b')
    gate.close()
    expect(seen).toEqual(['in a', 'away b'])
    expect(clock.nextTimerAt()).toBeUndefined()
  })
})
