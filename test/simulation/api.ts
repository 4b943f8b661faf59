import { isRetryable, ShoalError } from '@shoal/common'
import { type AddressBook, type Reservation, reserving } from '@shoal/manager/allocator/index'
import type { LiveState } from '@shoal/manager/state/index'
import type { Mutation } from '@shoal/manager/state/records'
import { transact } from '@shoal/manager/state/state'
import type { World } from './world.js'

export type Plan<Result> = (
  state: LiveState,
  nowMs: number,
  addresses: { readonly book: AddressBook; readonly reserved: Reservation },
) => { readonly mutations: readonly Mutation[]; readonly result: Result }

export interface AskOptions<Result> {
  /** One after the other, as the API does with what must not happen twice. */
  readonly queued?: boolean
  /** The asker has got the answer. It never comes when the manager is gone meanwhile. */
  readonly done?: (result: Result) => void
}

/** What users ask a primary for. Nothing tells them which of two that believe to lead is the right one. */
export class Api {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** As the API does it, in the manager's process: what comes of it, nobody may ever hear. */
  ask<Result>(what: string, plan: Plan<Result>, { queued = false, done }: AskOptions<Result> = {}): void {
    const { clock, dice, trace } = this.#world
    const manager = this.#world.leader()
    const state = manager?.leadingState
    const book = manager?.run?.book
    if (!manager?.run || !state || !book) return
    const { process, writes } = manager.run
    trace.add(`user asks ${process.name} to ${what}`)
    const carryOut = (): Promise<Result> =>
      reserving(book, (reserved) =>
        transact(state, () => plan(state, process.clock.now(), { book, reserved })),
      )
    clock.setTimer(dice.between(1, 50), () =>
      process.run(() => {
        void this.#answer(what, queued ? writes.run(carryOut) : carryOut(), (result) => {
          if (!process.isDead) done?.(result)
        })
      }),
    )
  }

  async #answer<Result>(what: string, work: Promise<Result>, done: (result: Result) => void): Promise<void> {
    try {
      done(await work)
    } catch (error) {
      this.#refused(what, error)
    }
  }

  #refused(what: string, error: unknown): void {
    if (error instanceof ShoalError && (isRetryable(error) || error.code !== 'internal')) {
      this.#world.trace.add(`refused to ${what}: ${error.message}`)
    } else this.#world.violate('no unexpected error', `${what}: ${String((error as Error).stack)}`)
  }
}
