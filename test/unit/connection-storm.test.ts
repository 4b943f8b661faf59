import { describe, expect, test } from 'vitest'
import { decideNextTry, firstTry, type NextTry } from '@shoal/agent/session/decide'
import { type Random, seededRandom } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { Gate } from '@shoal/manager/admission/index'

const TICK_MS = 20
const AGENTS = 2_000
/** All of them begin within this time: the power is back. */
const BEGIN_WITHIN_MS = 1_000

/** With another one to call agents have little patience at first. It sends them on to the primary at once. */
const TWO = ['primary', 'secondary']

/** One connection, as the manager's processor sees it. */
interface Handshake {
  readonly key: string
  /** What is left to do, in milliseconds of the processor. */
  workMs: number
  /** Whether the agent has hung up: a processor that is behind does not notice. */
  isDead: boolean
  readonly done: () => void
}

/** A processor that gives all handshakes under way an equal share, as an event loop does. */
class Processor {
  readonly #clock: VirtualClock
  readonly #jobs = new Map<string, Handshake>()
  wastedMs = 0

  constructor(clock: VirtualClock) {
    this.#clock = clock
    this.#tick()
  }

  add(job: Handshake): void {
    this.#jobs.set(job.key, job)
  }

  #tick(): void {
    const share = TICK_MS / this.#jobs.size
    for (const job of this.#jobs.values()) {
      job.workMs -= share
      if (job.isDead) this.wastedMs += share
      if (job.workMs > 0) continue
      this.#jobs.delete(job.key)
      job.done()
    }
    this.#clock.setTimer(TICK_MS, () => this.#tick())
  }
}

interface Storm {
  readonly clock: VirtualClock
  readonly random: Random
  readonly gate: Gate
  readonly processor: Processor
  readonly costMs: number
  readonly managers: readonly string[]
  connected: number
  calls: number
}

/** One agent that calls until it is connected, by the agent's own rules. */
function call(storm: Storm, { patienceMs, failures }: NextTry): void {
  const { clock, gate, processor, costMs, managers, random } = storm
  const key = `call ${++storm.calls}`
  const failed = (): void => {
    const outcome = { kind: 'unreachable', reason: 'the manager does not answer' } as const
    const next = decideNextTry(outcome, failures, managers, 0, random)
    clock.setTimer(next.delayMs, () => call(storm, next))
  }
  const job: Handshake = {
    key,
    workMs: costMs,
    isDead: false,
    done() {
      gate.done(key)
      if (job.isDead) return
      cancelPatience()
      storm.connected++
    },
  }
  let isInside = false
  const cancelPatience = clock.setTimer(patienceMs, () => {
    job.isDead = true
    if (!isInside) gate.done(key)
    failed()
  })
  gate.arrive({
    key,
    letIn() {
      isInside = true
      processor.add(job)
    },
    sendAway() {
      cancelPatience()
      if (!job.isDead) failed()
    },
  })
}

/** @param costMs of the manager's processor for each handshake: ten times that of an idle machine */
function stormOf(costMs: number, managers: readonly string[], atOnce?: number): Storm {
  const clock = new VirtualClock()
  const random = seededRandom(6)
  const gate = new Gate({ clock, ...(atOnce !== undefined && { atOnce }) })
  const processor = new Processor(clock)
  const storm: Storm = { clock, random, gate, processor, costMs, managers, connected: 0, calls: 0 }
  for (let agent = 0; agent < AGENTS; agent++) {
    clock.setTimer(random.next() * BEGIN_WITHIN_MS, () => call(storm, firstTry(managers)))
  }
  return storm
}

describe('when all agents call at once and the manager has little of its processor', () => {
  test.each([
    ['all are connected in little more time than their handshakes take, and hardly one is in vain', TWO],
    ['the same where there is only one manager', ['primary']],
  ])('%s', (_name, managers) => {
    const storm = stormOf(20, managers)
    storm.clock.advance(60_000)
    expect(storm.connected).toBe(AGENTS)
    expect(storm.processor.wastedMs).toBeLessThan(0.05 * AGENTS * 20)
  })

  test('the gate is what does it: without it the manager is busy with agents that have given up', () => {
    const storm = stormOf(20, TWO, Infinity)
    storm.clock.advance(60_000)
    expect(storm.connected).toBeLessThan(AGENTS / 2)
    expect(storm.processor.wastedMs).toBeGreaterThan(10_000)
  })
})
