import { type EventEmitter, once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { symbols } from 'pino'
import { expect, test } from 'vitest'
import { createLogger } from './log.js'

test('a log that cannot be written ends nobody, and is tried again', async () => {
  // Every write to it fails as on a full disk.
  const full = openSync('/dev/full', 'w')
  const log = createLogger('test', 'info', full)
  const destination = (log as unknown as Record<symbol, EventEmitter>)[symbols.streamSym]!
  for (const word of ['one', 'two']) {
    const failed = once(destination, 'error')
    log.info(word)
    expect(await failed).toEqual([expect.objectContaining({ code: 'ENOSPC' })])
    // That nobody else hears of it would end the process.
    expect(destination.listenerCount('error')).toBeGreaterThan(0)
  }
  closeSync(full)
})
