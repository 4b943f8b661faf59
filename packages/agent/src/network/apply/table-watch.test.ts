import { VirtualClock } from '@shoal/common/virtual-clock'
import { expect, test } from 'vitest'
import { TableWatch } from './table-watch.js'
import type { Watch } from './watch.js'

const OURS = ['delete element ip shoal vips { 10.0.1.9 }', '# new generation 7 by process 77 (nft)']
/** As nft tells of elements of a set that it does not know any more. */
const UNTOLD = ['# new generation 9 by process 79 (nft)']
const DOCKERS = ['add rule ip filter FORWARD accept', '# new generation 8 by process 78 (iptables)']

function aWatch() {
  const clock = new VirtualClock()
  const heard: string[] = []
  const lines: ((line: string) => void)[] = []
  const ends: (() => void)[] = []
  const watch: Watch = (_program, _args, { onLine }) => {
    lines.push(onLine)
    return new Promise((resolve) => ends.push(resolve))
  }
  const news = {
    onForeign: () => heard.push('foreign'),
    onFirewall: () => heard.push('firewall'),
    onLost: () => heard.push('lost'),
    onUntold: () => heard.push('untold'),
  }
  const table = new TableWatch({ watch, clock, ended: new AbortController().signal }, news)
  table.start()
  const say = (text: readonly string[]): void => text.forEach((line) => lines.forEach((told) => told(line)))
  return { clock, table, heard, say, end: () => ends.forEach((one) => one()), started: () => lines.length }
}

test('what others do to our table is told, and what they do elsewhere is not', () => {
  const { say, heard } = aWatch()
  say(DOCKERS)
  expect(heard).toEqual([])
  say(OURS)
  expect(heard).toEqual(['foreign'])
  say(['add table ip shoal-other', '# new generation 9 by process 79 (nft)'])
  expect(heard).toEqual(['foreign'])
})

test("it is told when something is taken out of Docker's chains that ours are in", () => {
  const { say, heard } = aWatch()
  say(['delete rule ip filter DOCKER handle 9', '# new generation 9 by process 79 (iptables)'])
  expect(heard).toEqual([])
  const flush = ['FORWARD', 'DOCKER-USER', 'DOCKER-USER'].map(
    (chain) => `delete rule ip filter ${chain} handle 9`,
  )
  say([...flush, '# new generation 10 by process 80 (iptables)'])
  expect(heard).toEqual(['firewall'])
})

test('our own change is none, whether it is told of before it ends or later', async () => {
  const { table, say, heard } = aWatch()
  await table.during(async () => say(OURS))
  await table.during(() => Promise.resolve())
  say(OURS)
  expect(heard).toEqual([])
  say(OURS)
  expect(heard).toEqual(['foreign'])
})

test("another's change while ours is made is told when ours has ended, and one that failed hides nothing", async () => {
  const { table, say, heard } = aWatch()
  await table.during(async () => {
    say(OURS)
    say(OURS)
    expect(heard).toEqual([])
  })
  expect(heard).toEqual(['foreign'])
  await expect(table.during(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  say(OURS)
  expect(heard).toEqual(['foreign', 'foreign'])
})

test('a change of ours that was never told of hides nothing for long', async () => {
  const { clock, table, say, heard } = aWatch()
  await table.during(() => Promise.resolve())
  await clock.advanceAsync(1_500)
  say(OURS)
  expect(heard).toEqual(['foreign'])
})

test('a transaction of which nothing is told but its end may be anything, but for one that is expected of us', async () => {
  const { table, say, heard } = aWatch()
  say(UNTOLD)
  expect(heard).toEqual(['untold'])
  await table.during(() => Promise.resolve())
  say(UNTOLD)
  expect(heard).toEqual(['untold'])
  say(UNTOLD)
  expect(heard).toEqual(['untold', 'untold'])
})

test("another's such transaction that is taken for ours is told of when ours is told", async () => {
  const { table, say, heard } = aWatch()
  await table.during(async () => say(UNTOLD))
  expect(heard).toEqual([])
  say(OURS)
  expect(heard).toEqual(['foreign'])
})

test('when the program ends, something may not have been heard; it is started again later', async () => {
  const { clock, table, heard, say, end, started } = aWatch()
  say(['# ERROR: We lost some netlink events!'])
  expect(heard).toEqual(['lost'])
  end()
  await clock.advanceAsync(0)
  expect(heard).toEqual(['lost', 'lost'])
  table.start()
  expect(table.isOn).toBe(false)
  await clock.advanceAsync(60_000)
  table.start()
  expect([table.isOn, started()]).toEqual([true, 2])
})

test('for a change that is very large nobody listens, and from the next start on again', async () => {
  const { clock, table, heard, say, end, started } = aWatch()
  table.pause()
  await table.during(async () => say([...OURS, ...OURS]))
  end()
  await clock.advanceAsync(3_000)
  table.start()
  expect(heard).toEqual([])
  expect(started()).toBe(2)
})

test('what was made before the program is started is not expected of it', async () => {
  const { table, say, heard } = aWatch()
  table.pause()
  await table.during(() => Promise.resolve())
  table.start()
  say(OURS)
  expect(heard).toContain('foreign')
})
