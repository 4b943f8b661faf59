import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { type LoadPlan, shareOf } from './plan.js'
import { merge, type Report } from './report.js'
import { targetOf } from './target.js'

const WORKER = new URL('worker.js', import.meta.url)

/** A load that is under way. */
export class Load {
  readonly #workers: readonly Worker[]
  readonly #reports: readonly Promise<Report>[]

  /** Begins at once. @throws Error when an address of the plan is none */
  static start(plan: LoadPlan, threads = 2): Load {
    for (const address of plan.addresses) targetOf(address, plan.path)
    return new Load(Array.from({ length: threads }, (_, index) => shareOf(plan, index, threads)))
  }

  private constructor(shares: readonly LoadPlan[]) {
    this.#workers = shares.map((share) => new Worker(WORKER, { workerData: share }))
    this.#reports = this.#workers.map(async (worker) => {
      const [report] = (await once(worker, 'message')) as [Report]
      return report
    })
  }

  /** Sends nothing more; what is under way is waited for. */
  stop(): void {
    for (const worker of this.#workers) worker.postMessage('stop')
  }

  /** Resolves when it is over: with the plan's time, or after `stop`. */
  async report(): Promise<Report> {
    return merge(await Promise.all(this.#reports))
  }
}
