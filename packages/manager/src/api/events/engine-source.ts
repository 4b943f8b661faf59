import type { ClusterEvent } from './event.js'

/** Tells what the engines tell of the tasks' containers, for one client. */
export interface EngineSource {
  /** What they remember of this time; who does not answer is left out. Times are milliseconds since the epoch. */
  past(sinceMs: number, untilMs: number): Promise<readonly ClusterEvent[]>
  /** From now on until `close`. */
  follow(listener: (event: ClusterEvent) => void): void
  close(): void
}

const MS_PER_SECOND = 1_000
const NEWLINE = 0x0a
/** Of one event; none comes near. */
const LONGEST_LINE_BYTES = 1024 * 1024

/** Unix seconds with a fraction of microseconds. */
export const secondsOf = (ms: number): string => (Math.max(0, ms) / MS_PER_SECOND).toFixed(6)

/** Documents that follow one another on lines of their own. @throws Error at what is none */
export async function* documentsOf(stream: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    const data = Buffer.concat([rest, chunk])
    let start = 0
    for (let end = data.indexOf(NEWLINE); end !== -1; end = data.indexOf(NEWLINE, start)) {
      yield JSON.parse(data.toString('utf8', start, end)) as unknown
      start = end + 1
    }
    rest = data.subarray(start)
    if (rest.length > LONGEST_LINE_BYTES) throw new Error('what is told is no event')
  }
}
