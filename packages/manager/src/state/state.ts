import { ShoalError } from '@shoal/common'
import type { Change, Mutation, TaskRecord } from './records.js'
import type { StateView } from './view.js'

/** Hears of every change, in the order in which memory changed. It must not throw and must not wait. */
export type ChangeListener = (changes: readonly Change[]) => void

/** The primary's state: read from memory, written through the store. */
export interface State extends StateView {
  /** @returns ends the subscription */
  subscribe(listener: ChangeListener): () => void
  /**
   * Writes all of `mutations` or none. Memory has changed, and listeners have heard of it, when it resolves.
   * @throws ShoalError `conflict` when a record has changed since it was read, or this manager is no longer
   *   the primary; `unavailable` when the store cannot be reached
   */
  commit(mutations: readonly Mutation[]): Promise<void>
  /**
   * Resolves when it is certain that this manager led at a moment after the call, and memory held all that was
   * written until then. One that has stood still may not know yet that another one leads.
   * @throws ShoalError `conflict` when it does not lead; `unavailable` when the store cannot be reached
   */
  confirmLead(): Promise<void>
  /**
   * Tells of a task's passing state (accepted, preparing, ready, starting) without writing it: memory and
   * listeners know it, the store does not. A state that is not later than the present one is ignored.
   */
  observe(taskId: string, status: TaskRecord['Status']): void
}

const ATTEMPTS = 20

/**
 * Plans, commits, and plans anew when another write came first.
 * @param plan reads the state and returns the mutations (none: nothing is written) and a result; it may throw
 * @throws what `plan` throws; ShoalError `conflict` when it lost too often
 */
export async function transact<Result>(
  state: State,
  plan: () => { mutations: readonly Mutation[]; result: Result },
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const { mutations, result } = plan()
    try {
      if (mutations.length > 0) await state.commit(mutations)
      return result
    } catch (error) {
      const lostRace = error instanceof ShoalError && error.code === 'conflict'
      if (!lostRace || attempt === ATTEMPTS) throw error
    }
  }
}
