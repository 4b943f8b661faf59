import { setTimeout as wait } from 'node:timers/promises'
import { exchangeOnce } from './datagram.js'
import { Failure, failureOf } from './failure.js'
import { KeptConnection } from './kept-connection.js'
import { requestOnce } from './one-shot.js'
import type { LoadPlan, Mode } from './plan.js'
import { Recorder } from './recorder.js'
import type { Report } from './report.js'
import { type Target, targetOf } from './target.js'

const TICK_MS = 1

/** The load of one thread: sends what is due, and ends with the plan's time or with `signal`. */
export async function drive(plan: LoadPlan, signal: AbortSignal): Promise<Report> {
  const driver = new Driver(plan, signal)
  return driver.run()
}

class Driver {
  readonly #plan: LoadPlan
  readonly #signal: AbortSignal
  readonly #targets: readonly Target[]
  readonly #recorder = new Recorder()
  readonly #startedAt = performance.now()
  #stoppedAt = Infinity

  constructor(plan: LoadPlan, signal: AbortSignal) {
    signal.addEventListener('abort', () => (this.#stoppedAt = performance.now()), { once: true })
    this.#plan = plan
    this.#signal = signal
    this.#targets = plan.addresses.map((address) => targetOf(address, plan.path))
  }

  async run(): Promise<Report> {
    await Promise.all([
      this.#singles('connect', requestOnce),
      this.#singles('udp', exchangeOnce),
      ...Array.from({ length: this.#plan.connections }, (_, index) => this.#keep(index)),
    ])
    return this.#recorder.report()
  }

  /** Requests that are due later are not sent any more; all that are due before are. */
  get #endsAt(): number {
    return Math.min(this.#startedAt + this.#plan.durationMs, this.#stoppedAt)
  }

  /** Requests that need nothing of one another: each is sent when it is due, whatever the others do. */
  async #singles(mode: Mode, send: (target: Target, timeoutMs: number) => Promise<string>): Promise<void> {
    const rate = this.#plan.rates[mode]
    if (rate === 0) return
    const open = new Set<Promise<void>>()
    const dueAt = (index: number): number => this.#startedAt + ((index + 1) / rate) * 1000
    for (let sent = 0; dueAt(sent) <= this.#endsAt; await wait(TICK_MS)) {
      for (; dueAt(sent) <= Math.min(performance.now(), this.#endsAt); sent++) {
        const target = this.#targets[sent % this.#targets.length]!
        if (open.size >= this.#plan.mostOpen) {
          this.#recorder.failed(mode, target.address, tooMany(open.size))
          continue
        }
        const request = this.#try(mode, target, dueAt(sent), (timeoutMs) => send(target, timeoutMs))
        open.add(request)
        void request.then(() => open.delete(request))
      }
    }
    await Promise.all(open)
  }

  /** A kept connection has one request under way at a time; what is due meanwhile waits, and its time runs. */
  async #keep(index: number): Promise<void> {
    const { rates, connections } = this.#plan
    if (rates.keepalive === 0) return
    const intervalMs = (1000 * connections) / rates.keepalive
    const target = this.#targets[index % this.#targets.length]!
    const connection = new KeptConnection(target, () => this.#recorder.reopened('keepalive'))
    const firstAt = this.#startedAt + (intervalMs * index) / connections
    for (let dueAt = firstAt; dueAt <= this.#endsAt; dueAt += intervalMs) {
      await this.#until(dueAt)
      if (dueAt > this.#endsAt) break
      await this.#try('keepalive', target, dueAt, (timeoutMs) => connection.request(timeoutMs))
    }
    connection.close()
  }

  async #try(
    mode: Mode,
    target: Target,
    dueAt: number,
    send: (timeoutMs: number) => Promise<string>,
  ): Promise<void> {
    try {
      const leftMs = dueAt + this.#plan.timeoutMs - performance.now()
      if (leftMs <= 0) throw new Failure('not-sent', 'those before it took too long')
      this.#recorder.answered(mode, dueAt, await send(leftMs))
    } catch (error) {
      this.#recorder.failed(mode, target.address, failureOf(error as Error))
    }
  }

  async #until(at: number): Promise<void> {
    const leftMs = at - performance.now()
    if (leftMs > 0) await wait(leftMs, undefined, { signal: this.#signal }).catch(() => {})
  }
}

function tooMany(open: number): Failure {
  return new Failure('not-sent', `${open} others are waiting for their answers`)
}
