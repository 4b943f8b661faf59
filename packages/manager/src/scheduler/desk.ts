import { ShoalError } from '@shoal/common'
import type { Explanation, Subject } from './explain.js'
import type { Scheduler } from './index.js'

/** Where the API, which outlives terms, finds the scheduler of the present one. */
export class SchedulerDesk {
  #scheduler: Scheduler | undefined

  /** Has `scheduler` answer until `signal` aborts. */
  open(scheduler: Scheduler, signal: AbortSignal): void {
    this.#scheduler = scheduler
    const close = (): void => {
      if (this.#scheduler === scheduler) this.#scheduler = undefined
    }
    signal.addEventListener('abort', close, { once: true })
  }

  /** @throws ShoalError `unavailable` while this manager does not lead; and what `Scheduler.explain` throws */
  async explain(subject: Subject): Promise<Explanation> {
    if (this.#scheduler) return this.#scheduler.explain(subject)
    throw new ShoalError('unavailable', 'this manager does not schedule at the moment: try again')
  }
}
