import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Tallied, together, type Wave } from './tally.js'
import { SERVICE } from './writers.js'

const WORKER = '/opt/shoal/test/dist/bench/logs/engine-worker.js'

interface Worker {
  readonly child: ChildProcess
  readonly answers: AsyncIterator<string>
}

/** The floor: the same containers, followed straight at their engines, by one process a host. */
export class EngineReaders {
  readonly #workers: readonly Worker[]

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers
  }

  /** Resolves when all are answered. */
  static async open(hosts: readonly string[], count: number, wave: Wave): Promise<EngineReaders> {
    const workers = hosts.map((host): Worker => {
      const command = ['node', WORKER, String(count), SERVICE, JSON.stringify(wave)]
      const child = spawn('docker', ['exec', '-i', host, ...command], { stdio: ['pipe', 'pipe', 'inherit'] })
      return { child, answers: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
    })
    await Promise.all(workers.map(answerOf))
    return new EngineReaders(workers)
  }

  /**
   * Waits until all have every line, but no longer than `patienceMs`, and ends.
   * @param endS when the last lines were due, in seconds of uptime
   */
  async results(endS: number, patienceMs: number): Promise<Tallied[]> {
    const ofHosts = await Promise.all(
      this.#workers.map(async (worker) => {
        worker.child.stdin!.write(`${endS} ${patienceMs}\n`)
        return JSON.parse(await answerOf(worker)) as Tallied[]
      }),
    )
    return ofHosts[0]!.map((_, reader) => together(ofHosts.map((results) => results[reader]!)))
  }
}

async function answerOf({ answers }: Worker): Promise<string> {
  const { done, value } = await answers.next()
  if (done) throw new Error('a worker ended early')
  return value
}
