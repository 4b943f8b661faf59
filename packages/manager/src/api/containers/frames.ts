/** Docker's multiplexed stream: `[1 stdout | 2 stderr | 3 the daemon itself] 0 0 0 [length, big-endian] payload`. */
export const FRAME_HEADER_BYTES = 8
export const STDERR = 2
export const SYSTEM = 3

export const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream'
export const RAW = 'application/vnd.docker.raw-stream'

export function frame(stream: number, payload: Buffer): Buffer {
  return Buffer.concat([frameHeader(stream, payload.length), payload])
}

/** @param length of the payload, in bytes */
export function frameHeader(stream: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES)
  header.writeUInt32LE(stream, 0)
  header.writeUInt32BE(length, 4)
  return header
}

/** How a stream that broke off says why: by a frame of the daemon's, or as a line of its own on a terminal. */
export function lastWords(reason: string, terminal: boolean): Buffer {
  return terminal ? Buffer.from(`\r\n${reason}\r\n`) : frame(SYSTEM, Buffer.from(reason))
}
