import type { Readable } from 'node:stream'
import { type Clock, sleep } from '@shoal/common'

/** A piece of this size, in bytes, is worth a message of its own. */
const WORTHWHILE_BYTES = 4 * 1024
/** What waits so long, in milliseconds, is noticed by nobody who reads. */
const PAUSE_MS = 10

/**
 * Reads a body as it comes. After a small piece it waits for a moment, so that those that follow it come together:
 * engines send each line of a log by itself. A piece that comes after a rest is not kept waiting.
 */
export async function* gathered(body: Readable, clock: Clock, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const data of body as AsyncIterable<Buffer>) {
    yield data
    if (data.length < WORTHWHILE_BYTES) await sleep(clock, PAUSE_MS, signal)
  }
}
