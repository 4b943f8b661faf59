import type { Readable } from 'node:stream'
import { ShoalError } from '@shoal/common'

/** Of the engine's documents; none comes near. */
const LARGEST_DOCUMENT_BYTES = 8 * 1024 * 1024

/** @throws ShoalError `unavailable` when it breaks off, `internal` when it is no JSON */
export async function readDocument(stream: Readable): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > LARGEST_DOCUMENT_BYTES)
      throw new ShoalError('internal', 'the answer of an engine is too long')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>
  } catch (error) {
    throw new ShoalError('internal', 'an engine answered what is no JSON', error)
  }
}
