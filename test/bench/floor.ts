import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'

const WORKER = '/opt/shoal/test/dist/bench/floor-worker.js'

interface Worker {
  readonly child: ChildProcess
  readonly answers: AsyncIterator<string>
  readonly lines: Interface
}

/** The floor: the same containers on the same engines, started straight through dockerode, one process a host. */
export class Floor {
  readonly #workers: Worker[]

  private constructor(workers: Worker[]) {
    this.#workers = workers
  }

  /** Starts a worker on each host and waits until all are ready. */
  static async open(hosts: readonly string[]): Promise<Floor> {
    const workers = hosts.map((host): Worker => {
      const child = spawn('docker', ['exec', '-i', host, 'node', WORKER], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const lines = createInterface({ input: child.stdout })
      return { child, lines, answers: lines[Symbol.asyncIterator]() }
    })
    await Promise.all(workers.map((worker) => worker.answers.next()))
    return new Floor(workers)
  }

  /** Starts `count` containers, spread evenly over the hosts. @returns wall time in milliseconds */
  async start(count: number, concurrencyPerHost: number, image: string): Promise<number> {
    const perHost = Math.ceil(count / this.#workers.length)
    return this.#all(`start ${perHost} ${concurrencyPerHost} ${image}`)
  }

  /** Removes what `start` made. */
  async clear(): Promise<void> {
    await this.#all('clear')
  }

  async #all(line: string): Promise<number> {
    const startedAt = performance.now()
    await Promise.all(
      this.#workers.map(async (worker) => {
        worker.child.stdin!.write(`${line}\n`)
        const { done } = await worker.answers.next()
        if (done) throw new Error('a floor worker ended early')
      }),
    )
    return performance.now() - startedAt
  }

  close(): void {
    for (const worker of this.#workers) {
      worker.child.stdin!.end()
      worker.lines.close()
    }
  }
}
