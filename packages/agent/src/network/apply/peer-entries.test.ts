import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { planHost, planMemo, type KernelPlan } from '../plan/index.js'
import { aNetwork, aPeer, aView } from '../testing/documents.js'
import { PeerEntries } from './peer-entries.js'
import type { Run } from './run.js'
import type { Watch, Watcher } from './watch.js'

const front = aNetwork()

function planFor(...lasts: number[]): KernelPlan {
  const peers = lasts.map((last) => aPeer(front, `10.0.1.${last}`))
  return planHost(aView([front], { peers }), planMemo()).kernel
}

/** A kernel with the neighbours of a plan, whose listings take a while. */
function aKernel(has: KernelPlan, tookMs: number, isWatched = false) {
  const clock = new VirtualClock()
  const kernel = { has, listings: 0 }
  const run: Run = async (program) => {
    if (program === 'bridge') return { code: 0, stdout: '[]', stderr: '' }
    kernel.listings++
    const seen = [...kernel.has.neighbours].map(([key, lladdr]) => {
      const [dev, dst] = key.split(' ')
      return { dst, dev, lladdr }
    })
    await new Promise<void>((resolve) => {
      clock.setTimer(tookMs, resolve)
    })
    return { code: 0, stdout: JSON.stringify(seen), stderr: '' }
  }
  const watchers: Watcher[] = []
  const watch: Watch = (_program, _args, watcher) => {
    if (!isWatched) return Promise.resolve()
    watchers.push(watcher)
    return new Promise(() => undefined)
  }
  const say = (line: string): void => watchers.forEach(({ onLine }) => onLine(line))
  const lose = (): void => watchers.forEach(({ onLost }) => onLost())
  const entries = new PeerEntries({ run, clock, watch, ended: new AbortController().signal })
  return { clock, kernel, entries, say, lose }
}

const addresses = ({ neighbours }: Pick<KernelPlan, 'neighbours'>): string[] =>
  [...neighbours.keys()].filter((key) => key.startsWith('sx-')).map((key) => key.split(' ')[1]!)

test('what was put is known without a look, and a look that takes long is made seldom', async () => {
  const { clock, kernel, entries } = aKernel(planFor(7), 1_000)
  const first = entries.known(true)
  await clock.advanceAsync(1_000)
  expect(addresses(await first)).toEqual(['10.0.1.7'])
  entries.put(planFor(7, 8))
  expect(addresses(await entries.known(true))).toEqual(['10.0.1.7', '10.0.1.8'])
  await clock.advanceAsync(10_000)
  await entries.known(true)
  expect(kernel.listings).toBe(1)
})

test('a look that takes long is made beside; what was put meanwhile counts as put, and all else as seen', async () => {
  const { clock, kernel, entries } = aKernel(planFor(7, 8), 1_000)
  const first = entries.known(true)
  await clock.advanceAsync(1_000)
  await first
  entries.put(planFor(7, 8))
  await clock.advanceAsync(60_000)
  // Somebody has taken one away and added another.
  kernel.has = planFor(8, 66)
  expect(addresses(await entries.known(true))).toEqual(['10.0.1.7', '10.0.1.8'])
  entries.put(planFor(7, 9))
  await clock.advanceAsync(1_000)
  expect(kernel.listings).toBe(2)
  expect(addresses(await entries.known(true)).toSorted()).toEqual(['10.0.1.66', '10.0.1.9'])
})

test('a look beside that finds what was put leaves it the same object', async () => {
  const nothing = { forwarding: new Map(), switching: new Map(), neighbours: new Map() }
  const plan = { ...planFor(7, 8), ...nothing, neighbours: planFor(7, 8).neighbours }
  const { clock, kernel, entries } = aKernel(plan, 1_000)
  const first = entries.known(true)
  await clock.advanceAsync(1_000)
  await first
  entries.put(plan)
  await clock.advanceAsync(60_000)
  await entries.known(true)
  await clock.advanceAsync(1_000)
  expect(kernel.listings).toBe(2)
  expect((await entries.known(false)).neighbours).toBe(plan.neighbours)
})

test('when nothing is sure any more, it is looked at', async () => {
  const { clock, kernel, entries } = aKernel(planFor(7), 10)
  entries.put(planFor(7, 8))
  entries.forget()
  const known = entries.known(false)
  await clock.advanceAsync(10)
  expect(addresses(await known)).toEqual(['10.0.1.7'])
  expect(kernel.listings).toBe(1)
})

/** With a neighbour put for each of these. */
async function aWatchedKernel(plan: KernelPlan) {
  const scene = aKernel(plan, 1_000, true)
  const first = scene.entries.known(true)
  await scene.clock.advanceAsync(1_000)
  await first
  scene.entries.put(plan)
  return scene
}

test('what the kernel tells is known at the next look, without a listing', async () => {
  const plan = planFor(7, 8)
  const { clock, kernel, entries, say } = await aWatchedKernel(plan)
  say('10.0.1.7 dev sx-network1aaaa FAILED')
  say('Deleted 10.0.1.7 dev sx-network1aaaa FAILED')
  say('10.0.1.66 dev sx-network1aaaa lladdr 02:42:0a:00:01:42 PERMANENT ')
  say('Deleted 02:42:0a:00:01:08 dev sx-network1aaaa dst 192.168.7.2 self permanent')
  await clock.advanceAsync(60_000)
  const known = await entries.known(true)
  expect(addresses(known)).toEqual(['10.0.1.8', '10.0.1.66'])
  expect(known.forwarding.has('sx-network1aaaa 02:42:0a:00:01:08')).toBe(false)
  expect(kernel.listings).toBe(1)
})

test('what the kernel tells of our own changes is no news', async () => {
  const { clock, entries, say } = await aWatchedKernel(planFor(7))
  const next = planFor(8)
  say('10.0.1.8 dev sx-network1aaaa lladdr 02:42:0a:00:01:08 PERMANENT')
  say('Deleted 10.0.1.7 dev sx-network1aaaa FAILED')
  expect(addresses(await entries.known(false))).toEqual(['10.0.1.7'])
  entries.put(next)
  await clock.advanceAsync(3_000)
  expect((await entries.known(true)).neighbours).toBe(next.neighbours)
})

test('when the kernel had more to tell than was heard, it is listed soon', async () => {
  const { clock, kernel, entries, lose } = await aWatchedKernel(planFor(7, 8))
  kernel.has = planFor(8)
  lose()
  await entries.known(true)
  await clock.advanceAsync(1_000)
  expect(addresses(await entries.known(true))).toEqual(['10.0.1.8'])
})
