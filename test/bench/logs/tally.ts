import { uptime } from 'node:os'

const FRAME_HEADER_BYTES = 8
const NEWLINE = 0x0a
const CENTISECONDS = 100
const MS_PER_SECOND = 1000
/** What a task writes: its slot, the wave, the line's number, and when it was written. */
const LINE = /(?:^| )w(\d+) (\d+) (\d+) (\d+) /

/** One wave of lines: each of these tasks writes so many. */
export interface Wave {
  readonly number: number
  readonly slots: readonly number[]
  readonly linesPerTask: number
}

/** What one reader got of a wave. Times are milliseconds. */
export interface Tallied {
  readonly lost: number
  readonly doubled: number
  /** Lines that came after one with a larger number of the same task. */
  readonly swapped: number
  /** From the time that the last lines were due to the last one that came. */
  readonly lagAtEndMs: number
  /** The longest that a line was under way. */
  readonly lagMostMs: number
}

interface Seen {
  readonly counts: Uint8Array
  last: number
}

/**
 * Counts the lines that one reader gets, each of every task by its number. All machines of a lab share the kernel's
 * uptime, by which the lines are stamped.
 */
export class Tally {
  readonly #wave: Wave
  readonly #seen: ReadonlyMap<number, Seen>
  #left: number
  #doubled = 0
  #swapped = 0
  #lagMostMs = 0
  #nowS = 0
  #latestS = 0

  constructor(wave: Wave) {
    const { slots, linesPerTask } = wave
    this.#wave = wave
    this.#seen = new Map(slots.map((slot) => [slot, { counts: new Uint8Array(linesPerTask), last: -1 }]))
    this.#left = slots.length * linesPerTask
  }

  get isComplete(): boolean {
    return this.#left === 0
  }

  /** Lines follow that come now. */
  arrives(): void {
    this.#nowS = uptime()
  }

  /** @param text one line, with whatever stands before what the task wrote */
  line(text: string): void {
    const [, slot = 0, wave, number = 0, stamp = 0] = (LINE.exec(text) ?? []).map(Number)
    if (wave !== this.#wave.number) return
    const seen = this.#seen.get(slot)
    if (!seen || number >= seen.counts.length) throw new Error(`a line that no task wrote: ${text}`)
    if (seen.counts[number]) this.#doubled++
    else this.#left--
    seen.counts[number] = 1
    if (number < seen.last) this.#swapped++
    seen.last = number
    this.#latestS = this.#nowS
    this.#lagMostMs = Math.max(this.#lagMostMs, (this.#nowS - stamp / CENTISECONDS) * MS_PER_SECOND)
  }

  /** @param endS when the last lines were due, in seconds of uptime */
  result(endS: number): Tallied {
    return {
      lost: this.#left,
      doubled: this.#doubled,
      swapped: this.#swapped,
      lagAtEndMs: Math.max(0, (this.#latestS - endS) * MS_PER_SECOND),
      lagMostMs: this.#lagMostMs,
    }
  }
}

/** @returns takes Docker's multiplexed stream, however it comes, and tallies its lines */
export function tallyFrames(tally: Tally): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    tally.arrives()
    const data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let at = 0
    while (data.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + data.readUInt32BE(at + 4)
      if (end > data.length) break
      tally.line(data.toString('latin1', at + FRAME_HEADER_BYTES, end))
      at = end
    }
    rest = data.subarray(at)
  }
}

/** @returns the same for plain text */
export function tallyText(tally: Tally): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    tally.arrives()
    const data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let at = 0
    for (let end = data.indexOf(NEWLINE); end !== -1; end = data.indexOf(NEWLINE, at)) {
      tally.line(data.toString('latin1', at, end))
      at = end + 1
    }
    rest = data.subarray(at)
  }
}

/** What the same reader got from several hosts. */
export function together(parts: readonly Tallied[]): Tallied {
  const sum = (of: (part: Tallied) => number): number => parts.reduce((total, part) => total + of(part), 0)
  const most = (of: (part: Tallied) => number): number => Math.max(0, ...parts.map(of))
  return {
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    swapped: sum(({ swapped }) => swapped),
    lagAtEndMs: most(({ lagAtEndMs }) => lagAtEndMs),
    lagMostMs: most(({ lagMostMs }) => lagMostMs),
  }
}
