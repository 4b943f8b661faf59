import type { LogQuery } from './query.js'

const SPACE = 0x20
const CONTEXT = 'com.docker.swarm'
/** More than any container has: labels and variables that a log driver adds do not change from line to line. */
const REMEMBERED = 64

/** Where a line comes from. */
export interface LogContext {
  readonly nodeId: string
  readonly serviceId: string
  readonly taskId: string
}

/** Adds to the details of each line where it comes from, as clients of service logs expect it. */
export class LineMarks {
  readonly #query: Pick<LogQuery, 'timestamps' | 'details'>
  readonly #own: readonly string[]
  readonly #merged = new Map<string, Buffer>()

  constructor(query: Pick<LogQuery, 'timestamps' | 'details'>, { nodeId, serviceId, taskId }: LogContext) {
    this.#query = query
    this.#own = [
      `${CONTEXT}.node.id=${nodeId}`,
      `${CONTEXT}.service.id=${serviceId}`,
      `${CONTEXT}.task.id=${taskId}`,
    ]
  }

  /** @param payload of an engine that was asked for details: `[time ]details line` @returns its parts, to be joined */
  mark(payload: Buffer): readonly Buffer[] {
    const from = this.#query.timestamps ? payload.indexOf(SPACE) + 1 : 0
    const to = payload.indexOf(SPACE, from)
    if (to === -1) return [payload]
    return [
      payload.subarray(0, from),
      this.#withOwn(payload.toString('latin1', from, to)),
      payload.subarray(to),
    ]
  }

  /** A line of our own, as if it came from there. @param time RFC 3339 with nanoseconds */
  line(time: string, text: string): Buffer {
    const { timestamps, details } = this.#query
    const marks = `${timestamps ? `${time} ` : ''}${details ? `${this.#own.join(',')} ` : ''}`
    return Buffer.from(`${marks}${text}\n`)
  }

  #withOwn(details: string): Buffer {
    const known = this.#merged.get(details)
    if (known) return known
    const pairs = [...(details === '' ? [] : details.split(',')), ...this.#own].sort()
    const merged = Buffer.from(pairs.join(','), 'latin1')
    if (this.#merged.size >= REMEMBERED) this.#merged.clear()
    this.#merged.set(details, merged)
    return merged
  }
}
