import { describe, expect, test } from 'vitest'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { Beats } from './beats.js'

/** A clock of a process that can be frozen: time goes on, timers do not fire. */
class FreezableClock extends VirtualClock {
  #frozenMs = 0
  freeze(ms: number): void {
    this.#frozenMs += ms
  }
  override now(): number {
    return super.now() + this.#frozenMs
  }
}

describe('when nodes were last heard of', () => {
  test('a node that never beat counts from the start', () => {
    const clock = new VirtualClock()
    const beats = new Beats(clock)
    beats.start(new AbortController().signal)
    const startedMs = clock.now()
    clock.advance(60_000)
    expect(beats.lastBeatMs('n1')).toBe(startedMs)
    beats.beat('n1')
    clock.advance(10_000)
    expect(beats.lastBeatMs('n1')).toBe(startedMs + 60_000)
    expect(beats.lastBeatMs('n2')).toBe(startedMs)
  })

  test('a second term as primary begins with grace for every node', () => {
    const clock = new VirtualClock()
    const beats = new Beats(clock)
    beats.beat('n1')
    clock.advance(60_000)
    beats.start(new AbortController().signal)
    expect(beats.lastBeatMs('n1')).toBe(clock.now())
  })

  test('who is told to come back within some time is not late before', () => {
    const clock = new VirtualClock()
    const beats = new Beats(clock)
    beats.start(new AbortController().signal, 32_000)
    const comingUntilMs = clock.now() + 32_000
    clock.advance(10_000)
    beats.grantGrace()
    expect(beats.lastBeatMs('n1')).toBe(comingUntilMs)
    clock.advance(30_000)
    beats.grantGrace()
    expect(beats.lastBeatMs('n1')).toBe(clock.now())
  })

  test('while more agents come than can be let in, nobody is taken for silent, but not for ever', () => {
    const clock = new VirtualClock()
    const beats = new Beats(clock)
    beats.start(new AbortController().signal)
    const startedMs = clock.now()
    for (let second = 0; second < 300; second++) {
      clock.advance(1_000)
      beats.crowded()
    }
    expect(beats.lastBeatMs('n1') - startedMs).toBe(121_000)
    // Another one, much later.
    clock.advance(60_000)
    beats.crowded()
    expect(beats.lastBeatMs('n1')).toBe(clock.now())
  })

  test('what this process slept through is not held against the nodes', () => {
    const clock = new FreezableClock()
    const beats = new Beats(clock)
    beats.start(new AbortController().signal)
    clock.freeze(60_000)
    expect(beats.lastBeatMs('n1')).toBe(clock.now())
    clock.advance(10_000)
    expect(beats.lastBeatMs('n1')).toBe(clock.now() - 10_000)
  })

  test('a stopped one leaves no timer behind', () => {
    const clock = new VirtualClock()
    const life = new AbortController()
    new Beats(clock).start(life.signal)
    clock.advance(5_000)
    life.abort()
    expect(clock.nextTimerAt()).toBeUndefined()
  })
})
