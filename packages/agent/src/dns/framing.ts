/** Over TCP, every message is preceded by its length in two bytes. */
export function toStream(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** Cuts a stream into messages again. It never holds more than the one that is not complete yet. */
export class StreamReader {
  readonly #onMessage: (message: Buffer) => void
  #rest: Buffer = Buffer.alloc(0)

  constructor(onMessage: (message: Buffer) => void) {
    this.#onMessage = onMessage
  }

  push(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= 2) {
      const end = 2 + this.#rest.readUInt16BE(0)
      if (this.#rest.length < end) return
      const message = this.#rest.subarray(2, end)
      this.#rest = this.#rest.subarray(end)
      this.#onMessage(message)
    }
  }
}
