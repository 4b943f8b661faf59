import { Worker } from 'node:worker_threads'
import { simulate, type Outcome, type SimulationOptions } from './simulate.js'

/**
 * So many seeds a thread lives through before another takes its place. Node 20 keeps a combined AbortSignal that was
 * listened to and never aborted for good, and with it all that hangs on it: about a megabyte a life.
 */
const LIVES_OF_A_THREAD = 250

export interface SweepOptions extends Omit<SimulationOptions, 'seed'> {
  readonly from: number
  readonly seeds: number
  /** How many threads work at the same time. */
  readonly jobs: number
  /** Hears of every seed's outcome as it comes. @returns whether to go on with further seeds */
  readonly onOutcome: (outcome: Outcome) => boolean
}

/** Lives through a range of seeds. @throws Error when a thread dies of one: its seed is named */
export async function sweep(options: SweepOptions): Promise<void> {
  const { from, seeds, onOutcome, ...rest } = options
  const jobs = Math.min(options.jobs, seeds)
  let next = from
  let goesOn = true
  const take = (): number | undefined => (goesOn && next < from + seeds ? next++ : undefined)
  const hear = (outcome: Outcome): void => {
    if (!onOutcome(outcome)) goesOn = false
  }
  if (jobs > 1) await Promise.all(Array.from({ length: jobs }, () => workThread(rest, take, hear)))
  else for (let seed = take(); seed !== undefined; seed = take()) hear(await simulate({ ...rest, seed }))
}

async function workThread(
  options: Omit<SimulationOptions, 'seed'>,
  take: () => number | undefined,
  hear: (outcome: Outcome) => void,
): Promise<void> {
  for (let seed = take(); seed !== undefined;) {
    const thread = new Worker(new URL('./worker.js', import.meta.url))
    try {
      for (let lives = 0; seed !== undefined && lives < LIVES_OF_A_THREAD; lives++, seed = take()) {
        hear(await live(thread, { ...options, seed }))
      }
    } finally {
      await thread.terminate()
    }
  }
}

function live(thread: Worker, options: SimulationOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void =>
      reject(new Error(`seed ${options.seed} could not be lived through`, { cause }))
    thread.removeAllListeners()
    thread.once('message', resolve)
    thread.once('error', fail)
    thread.once('exit', fail)
    thread.postMessage(options)
  })
}
