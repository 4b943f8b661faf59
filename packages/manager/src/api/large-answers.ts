import type { Clock } from '@shoal/common'
import type { FastifyInstance } from 'fastify'
import { inTurns } from '../loops/in-turns.js'

/** So many items are written in one go in any case. */
const FEW = 256

/** Writes long lists item by item, and lets others have their turn in between: those of a large cluster take long. */
export function writeLongListsInTurns(app: FastifyInstance, clock: Clock): void {
  app.addHook('preSerialization', async (_request, reply, payload) => {
    if (!Array.isArray(payload) || payload.length <= FEW) return payload
    const text = await listInTurns(clock, payload)
    // The framework takes bytes, too, though it does not say so.
    reply.serializer((() => text) as unknown as () => string)
    return payload
  })
}

/** A list as JSON, with the line's end that Docker puts behind each answer. */
export async function listInTurns(clock: Clock, items: readonly unknown[]): Promise<Buffer> {
  const pieces: Buffer[] = []
  let texts: string[] = []
  const flush = (end: string): void => {
    pieces.push(Buffer.from(`${pieces.length === 0 ? '[' : ','}${texts.join(',')}${end}`))
    texts = []
  }
  await inTurns(clock, items, (item) => {
    if (texts.length === FEW) flush('')
    texts.push(JSON.stringify(item))
  })
  flush(']\n')
  return Buffer.concat(pieces)
}
