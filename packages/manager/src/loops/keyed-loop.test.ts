import { ShoalError, silentLogger } from '@shoal/common'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import { put } from '../state/index.js'
import { aService, createTestState, storeRecord } from '../state/testing/index.js'
import { KeyedLoop, type KeyedReconciler } from './keyed-loop.js'
import { Turns } from './turns.js'

const PERIOD_MS = 30_000
const RETRY_DELAY_MS = 100

/** A loop over services whose work is what the test says; `looked` notes the keys in the order of their turns. */
async function stage(
  work: (key: string) => Promise<number | undefined>,
  concurrency = 64,
  clock = new VirtualClock(),
  turns = new Turns(clock),
) {
  const state = await createTestState(clock)
  const looked: string[] = []
  const reconciler: KeyedReconciler = {
    name: 'test',
    *keysOf(change) {
      if (change.kind === 'service') yield (change.after ?? change.before)?.ID ?? ''
    },
    *allKeys() {
      for (const service of state.all('service')) yield service.ID
    },
    reconcile: (key) => {
      looked.push(key)
      return work(key)
    },
  }
  const delays = { periodMs: PERIOD_MS, retryDelayMs: RETRY_DELAY_MS }
  const options = { clock, log: silentLogger, concurrency, turns, ...delays }
  const loop = new KeyedLoop(state, reconciler, options)
  const stop = new AbortController()
  return { clock, state, loop, looked, stop }
}

/** A clock on which work takes time. */
class PonderClock extends VirtualClock {
  #ponderedMs = 0
  ponder(ms: number): void {
    this.#ponderedMs += ms
  }
  override now(): number {
    return super.now() + this.#ponderedMs
  }
}

/** A promise that the test keeps when it likes. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const passed = new Promise<void>((resolve) => (open = resolve))
  return { passed, open: () => open() }
}

const nothing = (): Promise<undefined> => Promise.resolve(undefined)

describe('a keyed loop', () => {
  test('looks at every key when it starts, and once a period', async () => {
    const { clock, state, loop, looked, stop } = await stage(nothing)
    await state.commit([put('service', aService('a')), put('service', aService('b'))])

    loop.start(stop.signal)
    await clock.advanceAsync(0)
    expect(looked).toEqual(['a', 'b'])

    await clock.advanceAsync(PERIOD_MS - 1)
    expect(looked).toHaveLength(2)
    await clock.advanceAsync(1)
    expect(looked).toEqual(['a', 'b', 'a', 'b'])
  })

  test('looks at the keys that a change concerns, and at no others', async () => {
    const { clock, state, loop, looked, stop } = await stage(nothing)
    await state.commit([put('service', aService('a')), put('service', aService('b'))])
    loop.start(stop.signal)
    await clock.advanceAsync(0)
    looked.length = 0

    await storeRecord(state, 'service', aService('c'))
    await settle()

    expect(looked).toEqual(['c'])
  })

  test('many changes of one key at one moment are one look', async () => {
    const { clock, state, loop, looked, stop } = await stage(nothing)
    loop.start(stop.signal)
    await clock.advanceAsync(0)
    await Promise.all([
      state.commit([put('service', aService('a'))]),
      state.commit([put('service', aService('b'))]),
    ])
    await settle()
    expect(looked.sort()).toEqual(['a', 'b'])
  })

  test('never works twice at the same time on one key, and loses no change that comes meanwhile', async () => {
    const first = gate()
    let working = 0
    let most = 0
    const { clock, state, loop, looked, stop } = await stage(async () => {
      most = Math.max(most, ++working)
      await first.passed
      working--
      return undefined
    })
    const service = await storeRecord(state, 'service', aService('a'))
    loop.start(stop.signal)
    await clock.advanceAsync(0)
    const changed = await storeRecord(state, 'service', { ...service, Endpoint: {} })
    await storeRecord(state, 'service', { ...changed, Endpoint: {} })
    await settle()
    expect(looked).toEqual(['a'])

    first.open()
    await settle()

    expect(looked).toEqual(['a', 'a'])
    expect(most).toBe(1)
  })

  test('works on no more keys at once than it may, and comes to all of them', async () => {
    const doors = gate()
    let working = 0
    let most = 0
    const { clock, state, loop, looked, stop } = await stage(async () => {
      most = Math.max(most, ++working)
      await doors.passed
      working--
      return undefined
    }, 2)
    await state.commit(['a', 'b', 'c', 'd', 'e'].map((id) => put('service', aService(id))))
    loop.start(stop.signal)
    await clock.advanceAsync(0)
    expect(looked).toEqual(['a', 'b'])

    doors.open()
    await settle()

    expect(looked).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(most).toBe(2)
  })

  test('looks again when it was asked to, and the latest answer counts', async () => {
    const answers: (number | undefined)[] = []
    const { clock, state, loop, looked, stop } = await stage(() => Promise.resolve(answers.shift()))
    const service = await storeRecord(state, 'service', aService('a'))
    const start = clock.now()
    answers.push(start + 5000, start + 7000)
    loop.start(stop.signal)
    await clock.advanceAsync(1000)
    await storeRecord(state, 'service', { ...service, Endpoint: {} })
    await settle()
    expect(looked).toHaveLength(2)

    await clock.advanceAsync(5500)
    expect(looked).toHaveLength(2)
    await clock.advanceAsync(500)
    expect(looked).toHaveLength(3)
  })

  test('a key whose decision took long rests, however often it is concerned meanwhile; others do not', async () => {
    // Given a loop that ponders over one key for 20 ms
    const clock = new PonderClock()
    const ponder = (key: string): Promise<undefined> => {
      if (key === 'large') clock.ponder(20)
      return nothing()
    }
    const { state, loop, looked, stop } = await stage(ponder, 64, clock)
    const large = await storeRecord(state, 'service', aService('large'))
    loop.start(stop.signal)
    await clock.advanceAsync(0)
    expect(looked).toEqual(['large'])

    // When it and another change
    await storeRecord(state, 'service', { ...large, Endpoint: {} })
    await storeRecord(state, 'service', aService('small'))
    await clock.advanceAsync(170)

    // Then it has its next turn when it has rested for nine times as long
    expect(looked).toEqual(['large', 'small'])
    await clock.advanceAsync(10)
    expect(looked).toEqual(['large', 'small', 'large'])
  })

  test('many keys that take their time do not keep the process from all else', async () => {
    const clock = new PonderClock()
    const ponder = (): Promise<undefined> => {
      clock.ponder(4)
      return nothing()
    }
    const { state, loop, looked, stop } = await stage(ponder, 2, clock)
    for (let i = 0; i < 20; i++) await storeRecord(state, 'service', aService(`s${i}`))
    loop.start(stop.signal)
    clock.advance(0)
    await settle()

    // The event loop turns, though the queue is not empty.
    expect(looked.length).toBeLessThan(10)
    await clock.advanceAsync(10)
    expect(new Set(looked).size).toBe(20)
  })

  test('loops that share their turns stop together, and each gets on', async () => {
    // given two loops with much to do, of which each would fill a turn
    const clock = new PonderClock()
    const turns = new Turns(clock)
    const ponder = (): Promise<undefined> => {
      clock.ponder(4)
      return nothing()
    }
    const loops = [await stage(ponder, 64, clock, turns), await stage(ponder, 64, clock, turns)]
    for (const { state } of loops)
      for (let i = 0; i < 20; i++) await storeRecord(state, 'service', aService(`s${i}`))
    const looked = (): number[] => loops.map((each) => each.looked.length)
    // when both begin
    for (const { loop, stop } of loops) loop.start(stop.signal)
    clock.advance(0)
    await settle()
    // then they do together what one may do before others have their turn
    const [one = 0, other = 0] = looked()
    expect(one + other).toBeLessThan(10)
    await clock.advanceAsync(20)
    expect(looked()).toEqual([20, 20])
  })

  test('loops that begin together do not all read what there is in one turn', async () => {
    // given three loops that share their turns, and to each of which a look at all keys takes most of a turn
    const clock = new PonderClock()
    const turns = new Turns(clock)
    const began: (number | 'others')[] = []
    const each = async (index: number) => {
      const { state, stop } = await stage(nothing, 64, clock, turns)
      const reconciler: KeyedReconciler = {
        name: 'test',
        keysOf: () => [],
        allKeys: () => {
          began.push(index)
          clock.ponder(12)
          return []
        },
        reconcile: nothing,
      }
      const delays = { periodMs: PERIOD_MS, retryDelayMs: RETRY_DELAY_MS }
      new KeyedLoop(state, reconciler, {
        clock,
        log: silentLogger,
        concurrency: 1,
        turns,
        ...delays,
      }).start(stop.signal)
    }
    for (const index of [1, 2, 3]) await each(index)
    clock.setTimer(0, () => began.push('others'))
    // when they begin
    await clock.advanceAsync(0)
    // then the last one lets others have their turn first
    expect(began).toEqual([1, 2, 'others', 3])
  })

  test('rests after a failure, then tries again', async () => {
    let failures = 2
    const { clock, state, loop, looked, stop } = await stage(() =>
      failures-- > 0 ? Promise.reject(new ShoalError('unavailable', 'no store')) : nothing(),
    )
    await storeRecord(state, 'service', aService('a'))
    loop.start(stop.signal)
    await clock.advanceAsync(RETRY_DELAY_MS - 1)
    expect(looked).toHaveLength(1)
    await clock.advanceAsync(1)
    expect(looked).toHaveLength(2)
    await clock.advanceAsync(PERIOD_MS / 2)
    expect(looked).toHaveLength(3)
  })

  test('tries again at once after a lost race, and rests when it loses again', async () => {
    const { clock, state, loop, looked, stop } = await stage(() =>
      Promise.reject(new ShoalError('conflict', 'changed since it was read')),
    )
    await storeRecord(state, 'service', aService('a'))
    loop.start(stop.signal)

    await clock.advanceAsync(0)
    expect(looked).toHaveLength(2)
    await clock.advanceAsync(10 * RETRY_DELAY_MS)
    expect(looked).toHaveLength(12)
  })

  test('stops when its signal aborts, in the midst of work too', async () => {
    const door = gate()
    const { clock, state, loop, looked, stop } = await stage(async () => {
      await door.passed
      return clock.now() + 1000
    })
    await storeRecord(state, 'service', aService('a'))
    loop.start(stop.signal)
    await clock.advanceAsync(0)

    stop.abort()
    door.open()
    await storeRecord(state, 'service', aService('b'))
    await clock.advanceAsync(3 * PERIOD_MS)

    expect(looked).toEqual(['a'])
    expect(clock.nextTimerAt()).toBeUndefined()
  })

  test('does not start when its signal has aborted already', async () => {
    const { clock, state, loop, looked, stop } = await stage(nothing)
    await storeRecord(state, 'service', aService('a'))
    stop.abort()
    loop.start(stop.signal)
    await clock.advanceAsync(PERIOD_MS)
    expect(looked).toEqual([])
  })

  test('keys that begin together do not decide one after the other without a break', async () => {
    const clock = new PonderClock()
    const { state, loop, looked, stop } = await stage(
      () => {
        clock.ponder(25)
        return nothing()
      },
      64,
      clock,
    )
    for (const id of ['a', 'b', 'c']) await state.commit([put('service', aService(id))])
    loop.start(stop.signal)
    clock.advance(0)
    await settle()
    expect(looked).toEqual(['a'])
    clock.advance(0)
    await settle()
    expect(looked).toEqual(['a', 'b'])
    stop.abort()
    await settle()
    clock.advance(PERIOD_MS)
    await settle()
    expect(looked).toEqual(['a', 'b'])
  })
})
