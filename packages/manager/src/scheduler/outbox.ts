import { ShoalError, type Logger } from '@shoal/common'
import { MAX_UNIT_MUTATIONS } from '../state/committer.js'
import type { Mutation } from '../state/records.js'
import type { State } from '../state/state.js'
import type { Decision } from './decide.js'

/** `lost`: the task had changed meanwhile. `failed`: the store could not be reached, or refused. */
export type Outcome = 'stored' | 'lost' | 'failed'

/** A decision on its way into the store. */
export interface Letter {
  readonly decision: Decision
  readonly mutation: Mutation
}

/** Transactions under way at the most: beyond that the store is the slower one, and more would only wait. */
const MAX_UNDER_WAY = 8

export interface OutboxOptions {
  readonly state: State
  readonly log: Logger
  /** Whether nobody wants to know any more why something is not stored. */
  readonly isOver: () => boolean
  /** Called for each letter, once. */
  readonly onOutcome: (letter: Letter, outcome: Outcome) => void
}

/** Commits decisions, as many together as fit into one transaction. */
export class Outbox {
  readonly #options: OutboxOptions
  #letters: Letter[] = []
  #underWay = 0
  #onRoom: (() => void) | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Sends what waits as soon as it fills a transaction. */
  add(letter: Letter): void {
    if (this.#letters.push(letter) === MAX_UNIT_MUTATIONS) this.flush()
  }

  /** Sends what waits. */
  flush(): void {
    if (this.#letters.length === 0) return
    const letters = this.#letters
    this.#letters = []
    this.#underWay++
    void this.#send(letters)
  }

  /** Whether `room` is to be awaited before anything is added. */
  get isFull(): boolean {
    return this.#underWay >= MAX_UNDER_WAY
  }

  /** Resolves when half of the transactions under way, at the most, are left. One may wait at a time. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }

  async #send(letters: readonly Letter[]): Promise<void> {
    try {
      await this.#options.state.commit(letters.map(({ mutation }) => mutation))
      for (const letter of letters) this.#options.onOutcome(letter, 'stored')
    } catch (error) {
      const [only] = letters
      if (only && letters.length === 1) this.#options.onOutcome(only, this.#outcomeOf(only, error))
      else if (isUnavailable(error)) this.#giveUp(letters, error)
      // One of them is out of date, or too large: it must not cost the others.
      else await Promise.all(letters.map((letter) => this.#sendAlone(letter)))
    }
    if (--this.#underWay > MAX_UNDER_WAY / 2) return
    this.#onRoom?.()
    this.#onRoom = undefined
  }

  async #sendAlone(letter: Letter): Promise<void> {
    let outcome: Outcome = 'stored'
    try {
      await this.#options.state.commit([letter.mutation])
    } catch (error) {
      outcome = this.#outcomeOf(letter, error)
    }
    this.#options.onOutcome(letter, outcome)
  }

  #outcomeOf({ decision }: Letter, error: unknown): Outcome {
    const { ID: task, ServiceID: service, Version: version } = decision.task
    const known = this.#options.state.get('task', task)
    const isConflict = error instanceof ShoalError && error.code === 'conflict'
    if (isConflict && known?.Version.Index !== version.Index) return 'lost'
    if (!this.#options.isOver())
      this.#options.log.warn({ err: error, task, service }, 'a decision was not stored')
    return 'failed'
  }

  #giveUp(letters: readonly Letter[], error: unknown): void {
    if (!this.#options.isOver())
      this.#options.log.warn({ err: error, tasks: letters.length }, 'decisions were not stored')
    for (const letter of letters) this.#options.onOutcome(letter, 'failed')
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof ShoalError && error.code === 'unavailable'
}
