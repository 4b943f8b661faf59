/** One piece of a multiplexed stream. */
export interface Frame {
  /** 1: standard output. 2: standard error. 3: the manager's own word about the stream. */
  readonly stream: number
  readonly bytes: Buffer
}

/** stream, three zeroes, and the length in four bytes, big-endian: Docker's frame. */
const HEADER_BYTES = 8
const LENGTH_AT = 4

/** Puts a multiplexed stream together again, wherever the connection has cut it. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** @returns the frames that are complete by now */
  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    while (this.#rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#rest.readUInt32BE(LENGTH_AT)
      if (this.#rest.length < end) break
      frames.push({ stream: this.#rest[0] ?? 0, bytes: this.#rest.subarray(HEADER_BYTES, end) })
      this.#rest = this.#rest.subarray(end)
    }
    return frames
  }
}

/** Puts the lines of a stream of JSON together again. */
export class LineReader {
  #rest = ''

  /** @returns the lines that are complete by now */
  push(chunk: Buffer): string[] {
    const lines = (this.#rest + chunk.toString('utf8')).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.filter((line) => line !== '')
  }
}
