import type { Clock, CancelTimer, Logger } from '@shoal/common'
import { ShoalError } from '@shoal/common'
import type { Change } from '../state/records.js'
import type { State } from '../state/state.js'
import { Turns } from './turns.js'

/**
 * A control loop over things that have keys (services, nodes). Changes only say which keys to look at again;
 * what is to be done is decided from the state as it stands then.
 */
export interface KeyedReconciler {
  readonly name: string
  /** Told of every change while the loop runs, as it happens. */
  hear?(change: Change): void
  /** The keys that a change may concern. */
  keysOf(change: Change): Iterable<string>
  /** Every key there is: looked at when the loop starts and once a period. */
  allKeys(): Iterable<string>
  /**
   * Decides and commits for one key. Never called twice at the same time for one key.
   * @returns when to look at the key again even if nothing changes, in milliseconds since the epoch
   */
  reconcile(key: string): Promise<number | undefined>
}

export interface LoopOptions {
  readonly clock: Clock
  readonly log: Logger
  /** How often every key is looked at although nothing seems to have changed, in milliseconds. */
  readonly periodMs: number
  /** How many keys are worked on at the same time. */
  readonly concurrency: number
  /** How long a key rests after its reconcile failed, in milliseconds. */
  readonly retryDelayMs: number
  /** Of all loops that share the time of a turn; without it this one has its own. */
  readonly turns?: Turns | undefined
}

export const DEFAULT_LOOP = { periodMs: 30_000, concurrency: 64, retryDelayMs: 100 } as const

/** A key rests this many times as long as its latest decision took. */
const REST_RATIO = 9
/** Decisions that took less are not worth a rest, in milliseconds. */
const QUICK_MS = 5
/** However long a decision took, its key has another turn after this, in milliseconds. */
const LONGEST_REST_MS = 5_000

/** Runs one reconciler until the signal aborts. Invariants: a key is in work at most once; no wake-up is lost. */
export class KeyedLoop {
  readonly #queue = new Set<string>()
  readonly #working = new Set<string>()
  /**
   * The keys whose decision took long: a service of 50 000 tasks is not decided anew upon each of 50 000 changes,
   * and what else this process does gets most of its time.
   */
  readonly #resting = new Map<string, CancelTimer>()
  readonly #turns: Turns
  /** It goes on in the next turn. */
  #isPaused = false
  /** The keys whose latest reconcile lost its commit to another write. */
  readonly #lostLast = new Set<string>()
  readonly #wakeAt = new Map<string, { atMs: number; cancel: CancelTimer }>()
  #stopped = false

  readonly #state: State
  readonly #reconciler: KeyedReconciler
  readonly #options: LoopOptions

  constructor(state: State, reconciler: KeyedReconciler, options: LoopOptions) {
    this.#state = state
    this.#reconciler = reconciler
    this.#options = options
    this.#turns = options.turns ?? new Turns(options.clock)
  }

  /** Starts to work, and stops for good when `signal` aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return
    const unsubscribe = this.#state.subscribe((changes) => {
      for (const change of changes) {
        this.#reconciler.hear?.(change)
        for (const key of this.#reconciler.keysOf(change)) this.#queue.add(key)
      }
      this.#pump()
    })
    const stopPeriod = this.#everyPeriod()
    signal.addEventListener(
      'abort',
      () => {
        this.#stopped = true
        unsubscribe()
        stopPeriod()
        for (const { cancel } of this.#wakeAt.values()) cancel()
        this.#wakeAt.clear()
        for (const cancel of this.#resting.values()) cancel()
        this.#resting.clear()
        this.#queue.clear()
      },
      { once: true },
    )
  }

  /** Looks at all keys now and once a period. */
  #everyPeriod(): CancelTimer {
    let cancel: CancelTimer
    const tick = async (): Promise<void> => {
      // Loops that began together look in the same turn, and in a large cluster each look takes a while.
      while (!this.#stopped && this.#turns.isOver) await this.#turns.next()
      if (this.#stopped) return
      this.#timed(() => {
        for (const key of this.#reconciler.allKeys()) this.#queue.add(key)
      })
      this.#pump()
      cancel = this.#options.clock.setTimer(this.#options.periodMs, () => void tick())
    }
    cancel = this.#options.clock.setTimer(0, () => void tick())
    return () => cancel()
  }

  /** Does something in the time of the present turn. */
  #timed<Outcome>(work: () => Outcome): { readonly outcome: Outcome; readonly tookMs: number } {
    const { clock } = this.#options
    const startMs = clock.now()
    const outcome = work()
    const tookMs = clock.now() - startMs
    this.#turns.spend(tookMs)
    return { outcome, tookMs }
  }

  #pump(): void {
    if (this.#stopped || this.#isPaused) return
    if (this.#turns.isOver) return void this.#goOnNextTurn()
    for (const key of this.#queue) {
      if (this.#working.size >= this.#options.concurrency) return
      if (this.#working.has(key) || this.#resting.has(key)) continue
      this.#queue.delete(key)
      this.#working.add(key)
      void this.#work(key)
    }
  }

  async #goOnNextTurn(): Promise<void> {
    this.#isPaused = true
    await this.#turns.next()
    this.#isPaused = false
    this.#pump()
  }

  async #work(key: string): Promise<void> {
    // One turn of the event loop gathers what else changes at this moment, and keeps listeners short.
    await Promise.resolve()
    try {
      // Many keys may have begun in the same turn: who comes first is decided, and the others see whether there is time.
      while (!this.#stopped && this.#turns.isOver) await this.#turns.next()
      if (this.#stopped) return
      this.#scheduleWake(key, await this.#reconcile(key))
      this.#lostLast.delete(key)
    } catch (error) {
      this.#failed(key, error)
    } finally {
      this.#working.delete(key)
      this.#pump()
    }
  }

  /** What a reconciler does before it waits for the first time is its decision. */
  #reconcile(key: string): Promise<number | undefined> {
    const { outcome, tookMs } = this.#timed(() => this.#reconciler.reconcile(key))
    if (tookMs >= QUICK_MS) this.#rest(key, Math.min(tookMs * REST_RATIO, LONGEST_REST_MS))
    return outcome
  }

  #rest(key: string, delayMs: number): void {
    const cancel = this.#options.clock.setTimer(delayMs, () => {
      this.#resting.delete(key)
      this.#pump()
    })
    this.#resting.set(key, cancel)
  }

  #failed(key: string, error: unknown): void {
    if (this.#stopped) return
    const lost = error instanceof ShoalError && error.code === 'conflict'
    if (lost && !this.#lostLast.has(key)) {
      this.#lostLast.add(key)
      this.#queue.add(key)
      return
    }
    // Whoever loses again and again (a deposed manager loses always) must not keep the process from all else.
    if (!lost) this.#options.log.error({ err: error, loop: this.#reconciler.name, key }, 'reconcile failed')
    this.#scheduleWake(key, this.#options.clock.now() + this.#options.retryDelayMs)
  }

  #scheduleWake(key: string, atMs: number | undefined): void {
    this.#wakeAt.get(key)?.cancel()
    this.#wakeAt.delete(key)
    if (atMs === undefined || this.#stopped) return
    const cancel = this.#options.clock.setTimer(atMs - this.#options.clock.now(), () => {
      this.#wakeAt.delete(key)
      this.#queue.add(key)
      this.#pump()
    })
    this.#wakeAt.set(key, { atMs, cancel })
  }
}
