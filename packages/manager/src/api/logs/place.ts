import { ShoalError } from '@shoal/common'

/** RFC 3339 with nanoseconds, as engines write it before each line, and a space. */
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z $/
const TIME_BYTES = 31
const MS_PER_SECOND = 1_000

/**
 * Where a follower is in the log of a container, by the times that the engine gives to its lines: so it can go on when
 * the engine is asked anew, with nothing told twice.
 */
export class Place {
  #time = ''
  /** How many lines of that time have been told: the parts of a very long one have the same. */
  #told = 0
  #skipped = 0

  /** For the engine: Unix seconds with nanoseconds; undefined before the first line. */
  get since(): string | undefined {
    const [, seconds, nanoseconds] = TIME.exec(this.#time) ?? []
    return seconds === undefined ? undefined : `${Date.parse(`${seconds}Z`) / MS_PER_SECOND}.${nanoseconds}`
  }

  /** The engine is asked anew: what it tells once more of the latest time is left out. */
  resume(): void {
    this.#skipped = this.#told
  }

  /**
   * @param payload of an engine that was asked for times: `time line`
   * @returns the line without its time; undefined when it has been told
   * @throws ShoalError `internal` for a line without a time
   */
  take(payload: Buffer): Buffer | undefined {
    const time = payload.toString('latin1', 0, TIME_BYTES)
    if (time !== this.#time) {
      if (!TIME.test(time)) throw new ShoalError('internal', 'an engine sent a line without its time')
      this.#time = time
      this.#told = 0
      this.#skipped = 0
    } else if (this.#skipped > 0) {
      this.#skipped--
      return undefined
    }
    this.#told++
    return payload.subarray(TIME_BYTES)
  }
}
