import { silentLogger, sleep } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { SKELETON_CHAINS } from '../nft/index.js'
import type { Run } from './run.js'
import { TableKeeper } from './table-keeper.js'
import type { Watch } from './watch.js'

const END = '# new generation 9 by process 79 (nft)'

/** A table that somebody else can change, and a kernel that tells of it as it is told to. */
function aKeeper({ listingTakesMs = 10 } = {}) {
  const clock = new VirtualClock()
  let table = 'none'
  let isRefused = false
  let reloads = 0
  let listings = 0
  let tell: (line: string) => void = () => undefined
  const run: Run = async (_program, args) => {
    const ok = (stdout = '') => ({ code: 0, stdout, stderr: '' })
    if (args.includes('chains')) {
      const nftables = [...SKELETON_CHAINS].map((name) => ({ chain: { table: 'shoal', name } }))
      return ok(JSON.stringify({ nftables }))
    }
    if (args.includes('tables')) return ok('')
    if (args[0] === 'list') {
      const seen = table
      listings++
      await sleep(clock, listingTakesMs)
      return ok(seen)
    }
    if (isRefused) return { code: 1, stdout: '', stderr: 'out of memory' }
    table = 'ours'
    reloads++
    return ok()
  }
  const watch: Watch = (_program, _args, { onLine }) => {
    tell = onLine
    return new Promise(() => undefined)
  }
  const keeper = new TableKeeper({
    run,
    watch,
    clock,
    log: silentLogger,
    ended: new AbortController().signal,
    sweepDelayMs: 200,
    onDamage: () => undefined,
  })
  const pass = async (): Promise<void> => {
    const done = keeper.check().then(() => keeper.put(new Map()))
    await clock.advanceAsync(listingTakesMs)
    await done
  }
  return {
    clock,
    keeper,
    pass,
    damage: () => (table = 'damaged'),
    refuse: (refused: boolean) => (isRefused = refused),
    tell: (...lines: string[]) => lines.forEach((line) => tell(line)),
    seen: () => ({ table, reloads, listings }),
  }
}

test('given a change that nobody told of, when it is looked at, then it is put right', async () => {
  const { clock, keeper, pass, damage, seen } = aKeeper()
  await keeper.put(new Map())
  await pass()
  damage()
  await clock.advanceAsync(3_000)
  await pass()
  expect(seen().table).toBe('ours')
})

test('given one that was told and cannot be put right, then it is tried again', async () => {
  const { clock, keeper, pass, damage, refuse, tell, seen } = aKeeper()
  await keeper.put(new Map())
  await pass()
  await clock.advanceAsync(1_500)
  damage()
  tell('delete element ip shoal vips { 10.0.1.9 }', END)
  refuse(true)
  await expect(keeper.put(new Map())).rejects.toThrow('out of memory')
  refuse(false)
  await pass()
  expect(seen().table).toBe('ours')
})

test('given one of which only the end was told, then it is put right though it came before the first look', async () => {
  const { clock, keeper, pass, damage, tell, seen } = aKeeper()
  await keeper.put(new Map())
  await clock.advanceAsync(1_500)
  damage()
  tell(END)
  await pass()
  expect(seen()).toEqual({ table: 'ours', reloads: 2, listings: 0 })
})

test('then what takes long to list is not reloaded again and again, however often others change something', async () => {
  const { clock, keeper, pass, damage, tell, seen } = aKeeper({ listingTakesMs: 100 })
  await keeper.put(new Map())
  await pass()
  for (let second = 0; second < 100; second++) {
    await clock.advanceAsync(900)
    damage()
    tell(END)
    await pass()
  }
  const { reloads } = seen()
  expect(reloads).toBeGreaterThan(8)
  expect(reloads).toBeLessThan(12)
})
