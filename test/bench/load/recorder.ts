import { type Failure, type FailureKind } from './failure.js'
import type { Mode } from './plan.js'
import { bucketOf, BUCKETS, type FailedRequest, MOST_FAILURES_KEPT, type Report } from './report.js'

interface Tally {
  answered: number
  failed: Partial<Record<FailureKind, number>>
  reopened: number
  latencies: number[]
}

/** Counts what becomes of the requests of one thread. */
export class Recorder {
  readonly #startedAt = performance.now()
  readonly #modes: Partial<Record<Mode, Tally>> = {}
  readonly #failures: FailedRequest[] = []
  readonly #backends: Record<string, number> = {}
  readonly #clients: Record<string, number> = {}

  /** @param dueAt when the request should have been sent, by `performance.now()` */
  answered(mode: Mode, dueAt: number, body: string): void {
    const tally = this.#tally(mode)
    tally.answered++
    tally.latencies[bucketOf(performance.now() - dueAt)]!++
    const { task, container, client } = factsOf(body)
    countOne(this.#backends, task || container)
    countOne(this.#clients, client)
  }

  failed(mode: Mode, address: string, { kind, message }: Failure): void {
    const { failed } = this.#tally(mode)
    failed[kind] = (failed[kind] ?? 0) + 1
    if (this.#failures.length >= MOST_FAILURES_KEPT) return
    this.#failures.push({
      atMs: Math.round(performance.now() - this.#startedAt),
      mode,
      kind,
      address,
      message,
    })
  }

  reopened(mode: Mode): void {
    this.#tally(mode).reopened++
  }

  report(): Report {
    return {
      durationMs: performance.now() - this.#startedAt,
      modes: this.#modes,
      failures: this.#failures,
      backends: this.#backends,
      clients: this.#clients,
    }
  }

  #tally(mode: Mode): Tally {
    return (this.#modes[mode] ??= {
      answered: 0,
      failed: {},
      reopened: 0,
      latencies: Array.from({ length: BUCKETS }, () => 0),
    })
  }
}

function countOne(counts: Record<string, number>, key: string | undefined): void {
  if (key !== undefined && key !== '') counts[key] = (counts[key] ?? 0) + 1
}

interface Facts {
  readonly task?: string
  readonly container?: string
  readonly client?: string
}

/** What the demo service says of itself; nothing for other bodies. */
function factsOf(body: string): Facts {
  if (!body.startsWith('{')) return {}
  try {
    return JSON.parse(body) as Facts
  } catch {
    return {}
  }
}
