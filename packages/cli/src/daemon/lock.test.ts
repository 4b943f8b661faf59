import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { withHostLock } from './lock.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('commands that work on the daemons of a host', () => {
  test('take turns, and leave nothing behind', async () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    let finish = (): void => {}
    const first = withHostLock(folder, clock, 0, async () => {
      seen.push('first')
      await new Promise<void>((resolve) => (finish = resolve))
    })
    const second = withHostLock(folder, clock, 60_000, async () => seen.push('second'))
    await clock.advanceAsync(10_000)
    expect(seen).toEqual(['first'])
    finish()
    await first
    await clock.advanceAsync(1_000)
    await second
    expect(seen).toEqual(['first', 'second'])
    expect(readdirSync(folder)).toEqual([])
  })

  test('wait for another one only so long, and say which it is', async () => {
    const clock = new VirtualClock()
    let finish = (): void => {}
    const first = withHostLock(folder, clock, 0, () => new Promise<void>((resolve) => (finish = resolve)))
    const second = withHostLock(folder, clock, 1_000, async () => {})
    second.catch(() => {})
    await clock.advanceAsync(2_000)
    await expect(second).rejects.toThrow(`another ctl (process ${process.pid}) is at work on this host`)
    finish()
    await first
  })

  test.each([
    ['whose process is gone', '999999999 1'],
    ['whose number another process has now', `${process.pid} 1`],
    ['that is no lock', ''],
  ])('do not wait for one %s', async (_name, text) => {
    writeFileSync(join(folder, 'ctl.lock'), text)
    const clock = new VirtualClock()
    const work = withHostLock(folder, clock, 1_000, async () => 'done')
    await clock.advanceAsync(500)
    expect(await work).toBe('done')
  })

  test('let the next one in when their work fails', async () => {
    const clock = new VirtualClock()
    await expect(withHostLock(folder, clock, 0, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await withHostLock(folder, clock, 0, async () => 'done')).toBe('done')
  })
})
