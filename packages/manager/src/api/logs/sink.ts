import type { ServerResponse } from 'node:http'

/** A response that many write to, none faster than the client reads. */
export class Sink {
  readonly #response: ServerResponse
  #drained: Promise<void> | undefined

  constructor(response: ServerResponse) {
    this.#response = response
  }

  /** Resolves when there is room for more, or when there is nobody who reads. */
  async write(data: Buffer): Promise<void> {
    if (data.length === 0 || this.#response.destroyed) return
    if (this.#response.write(data)) return
    this.#drained ??= new Promise((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done).off('close', done)
        this.#drained = undefined
        resolve()
      }
      this.#response.once('drain', done).once('close', done)
    })
    await this.#drained
  }
}
