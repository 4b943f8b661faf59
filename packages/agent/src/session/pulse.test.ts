import { describe, expect, test } from 'vitest'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { answerWithinMs, beatEveryMs, type Pace, Pulse } from './pulse.js'

const SMALL: Pace = { heartbeatPeriodMs: 5_000, pulseMs: 2_000 }
const LARGE: Pace = { heartbeatPeriodMs: 20_000, pulseMs: 10_000 }
const OLD_MANAGER: Pace = { heartbeatPeriodMs: 5_000, pulseMs: 0 }

function started(pace: Pace) {
  const clock = new VirtualClock()
  const startMs = clock.now()
  const seen = { beats: 0, silentAtMs: undefined as number | undefined }
  const host = { isBusy: false }
  const pulse = new Pulse({
    clock,
    // No jitter: the longest wait.
    random: { next: () => 1 },
    beat: () => seen.beats++,
    isBusy: () => host.isBusy,
    silent: () => (seen.silentAtMs ??= clock.now() - startMs),
  })
  pulse.keep(pace)
  return { clock, host, pulse, seen }
}

describe('the pace of signs of life', () => {
  test.each([
    ['a small cluster notices a dead manager within five seconds', SMALL, 2_000, 3_000],
    ['a large one asks seldom and waits long', LARGE, 10_000, 19_000],
    ['a manager that does not answer is not waited for', OLD_MANAGER, 5_000, Infinity],
  ])('%s', (_name, pace, everyMs, withinMs) => {
    expect(beatEveryMs(pace)).toBe(everyMs)
    expect(answerWithinMs(pace)).toBe(withinMs)
  })
})

describe('signs of life', () => {
  test('a manager that answers is never blamed', () => {
    const { clock, pulse, seen } = started(SMALL)
    for (let second = 0; second < 60; second++) {
      clock.advance(1_000)
      pulse.heard()
    }
    expect(seen).toEqual({ beats: 30, silentAtMs: undefined })
  })

  test('one that stands still is given up in time, and beats go on until then', () => {
    const { clock, seen } = started(SMALL)
    clock.advance(10_000)
    expect(seen.silentAtMs).toBe(5_000)
  })

  test('one that says anything at all lives', () => {
    const { clock, pulse, seen } = started(SMALL)
    clock.advance(4_900)
    pulse.heard()
    clock.advance(4_000)
    expect(seen.silentAtMs).toBeUndefined()
  })

  test('one that does not answer heartbeats hears them all the same', () => {
    const { clock, seen } = started(OLD_MANAGER)
    clock.advance(60_000)
    expect(seen).toEqual({ beats: 12, silentAtMs: undefined })
  })

  test('the pace follows the cluster, and who was waited for in the old one is not blamed', () => {
    const { clock, pulse, seen } = started(SMALL)
    clock.advance(4_000)
    pulse.keep(LARGE)
    clock.advance(28_900)
    expect(seen.silentAtMs).toBeUndefined()
    clock.advance(200)
    expect(seen.silentAtMs).toBe(33_000)
  })

  test('after this process stood still, what came meanwhile is read first', () => {
    const { clock, pulse, seen } = started(SMALL)
    clock.advance(2_500)
    sleepThrough(clock, 60_000)
    expect(seen.silentAtMs).toBeUndefined()
    clock.advance(1_000)
    pulse.heard()
    clock.advance(2_900)
    expect(seen.silentAtMs).toBeUndefined()
  })

  test('while an earlier message is taken in, the answer lies unread', () => {
    const { clock, host, seen } = started(SMALL)
    host.isBusy = true
    clock.advance(20_000)
    expect(seen.silentAtMs).toBeUndefined()
    host.isBusy = false
    clock.advance(3_000)
    expect(seen.silentAtMs).toBeDefined()
  })

  test('nothing goes on after its end', () => {
    const { clock, pulse, seen } = started(SMALL)
    clock.advance(2_500)
    pulse.stop()
    clock.advance(60_000)
    expect(seen).toEqual({ beats: 1, silentAtMs: undefined })
    expect(clock.nextTimerAt()).toBeUndefined()
  })
})

/** Timers fire late, as in a process that was stopped: the clock has moved on, and each sees the time afterwards. */
function sleepThrough(clock: VirtualClock, ms: number): void {
  const now = clock.now.bind(clock)
  const awakeAtMs = now() + ms
  clock.now = () => Math.max(now(), awakeAtMs)
  clock.advance(4_000)
  clock.now = () => now() + ms - 4_000
}
