import { ShoalError } from '@shoal/common'
import { FRAME_HEADER_BYTES } from '../containers/frames.js'

/** The engine's own frames hold one line each, of 16 KB and its marks at the most. */
const LARGEST_FRAME_BYTES = 1024 * 1024
const NEWLINE = 0x0a

export interface LogLine {
  /** 1: stdout, 2: stderr. */
  readonly stream: number
  readonly payload: Buffer
}

/** Cuts what an engine sends into whole pieces; a piece that is not complete waits for the next chunk. */
export interface LogReader {
  /** @throws ShoalError `internal` for what is no log stream */
  lines(chunk: Buffer): LogLine[]
  /** As it came, up to the last complete piece. */
  whole(chunk: Buffer): Buffer
  /** What is left at the end. */
  rest(): LogLine[]
}

/** Reads frames. */
export class FrameReader implements LogReader {
  #rest: Buffer = Buffer.alloc(0)

  lines(chunk: Buffer): LogLine[] {
    const lines: LogLine[] = []
    this.#walk(chunk, (data, start, end) => {
      lines.push({ stream: data[start] ?? 0, payload: data.subarray(start + FRAME_HEADER_BYTES, end) })
    })
    return lines
  }

  whole(chunk: Buffer): Buffer {
    return this.#walk(chunk, () => {})
  }

  /** Half a frame is of no use to anyone. */
  rest(): LogLine[] {
    return []
  }

  #walk(chunk: Buffer, visit: (data: Buffer, start: number, end: number) => void): Buffer {
    const data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let start = 0
    while (data.length - start >= FRAME_HEADER_BYTES) {
      const length = data.readUInt32BE(start + 4)
      if ((data[start] ?? 0) > 3 || length > LARGEST_FRAME_BYTES) {
        throw new ShoalError('internal', 'an engine sent what is no stream of logs')
      }
      const end = start + FRAME_HEADER_BYTES + length
      if (end > data.length) break
      visit(data, start, end)
      start = end
    }
    this.#rest = data.subarray(start)
    return data.subarray(0, start)
  }
}

/** Reads a terminal's output, which has no frames: a line is what ends with a newline. */
export class TerminalReader implements LogReader {
  #rest: Buffer = Buffer.alloc(0)

  lines(chunk: Buffer): LogLine[] {
    const data = this.whole(chunk)
    const lines: LogLine[] = []
    for (let start = 0; start < data.length;) {
      const end = data.indexOf(NEWLINE, start) + 1
      lines.push({ stream: 1, payload: data.subarray(start, end) })
      start = end
    }
    return lines
  }

  whole(chunk: Buffer): Buffer {
    const data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    const end = data.length > LARGEST_FRAME_BYTES ? data.length : data.lastIndexOf(NEWLINE) + 1
    this.#rest = data.subarray(end)
    return data.subarray(0, end)
  }

  rest(): LogLine[] {
    const payload = this.#rest
    this.#rest = Buffer.alloc(0)
    return payload.length > 0 ? [{ stream: 1, payload }] : []
  }
}
