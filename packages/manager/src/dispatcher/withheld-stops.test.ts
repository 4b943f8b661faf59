import { expect, test } from 'vitest'
import { settle, VirtualClock } from '@shoal/common/virtual-clock'
import { WITHHOLD_MS, WithheldStops } from './withheld-stops.js'

type Deed = (stops: WithheldStops, clock: VirtualClock) => void

/** `t1` (or others) leave the set of `web`, which `nodes` were told of. */
const leaves =
  (nodes: string, tasks = 't1', serviceId = 'web'): Deed =>
  (stops) =>
    stops.begin({ serviceId, taskIds: tasks.split(' '), nodeIds: nodes.split(' ').filter(Boolean) })
const told =
  (node: string, sequence: number, serviceId = 'web'): Deed =>
  (stops) =>
    stops.told(node, serviceId, sequence)
const toldAll =
  (node: string, sequence: number): Deed =>
  (stops) =>
    stops.toldAll(node, sequence)
const applied =
  (node: string, sequence: number): Deed =>
  (stops) =>
    stops.applied(node, sequence)
const gone =
  (node: string): Deed =>
  (stops) =>
    stops.gone(node)
const reconnects =
  (node: string): Deed =>
  (stops) =>
    stops.sessionBegins(node)
const ends =
  (task: string): Deed =>
  (stops) =>
    stops.drop(task)
const after =
  (ms: number): Deed =>
  (_, clock) =>
    clock.advance(ms)
const termEnds: Deed = (stops) => stops.stop()

const stories: [string, Deed[], string][] = [
  ['nobody has the set', [leaves('')], ''],
  ['nobody was told yet', [leaves('a'), applied('a', 9)], 'withheld'],
  ['told, not applied', [leaves('a'), told('a', 3), applied('a', 2)], 'withheld'],
  ['told and applied', [leaves('a'), told('a', 3), applied('a', 3)], 'released t1'],
  ['applied later on', [leaves('a'), told('a', 3), applied('a', 8)], 'released t1'],
  ['told before it left', [told('a', 2), leaves('a'), applied('a', 2)], 'withheld'],
  ['told twice: the first counts', [leaves('a'), told('a', 3), told('a', 4), applied('a', 3)], 'released t1'],
  ['told of another service', [leaves('a'), told('a', 3, 'db'), applied('a', 3)], 'withheld'],
  ['one of two', [leaves('a b'), told('a', 3), told('b', 5), applied('a', 3)], 'withheld'],
  [
    'both of two, each by its own numbers',
    [leaves('a b'), told('a', 3), told('b', 5), applied('a', 3), applied('b', 5)],
    'released t1',
  ],
  ['the other is gone', [leaves('a b'), told('a', 3), gone('b'), applied('a', 3)], 'released t1'],
  ['all are gone', [leaves('a b'), told('a', 3), gone('b'), gone('a')], 'released t1'],
  ['a newcomer is not waited for', [leaves('a'), told('b', 1), told('a', 3), applied('a', 3)], 'released t1'],
  [
    'its session was replaced: old numbers say nothing',
    [leaves('a'), told('a', 3), reconnects('a'), applied('a', 3)],
    'withheld',
  ],
  [
    'its session was replaced: the complete set counts',
    [leaves('a'), told('a', 3), reconnects('a'), toldAll('a', 2), applied('a', 2)],
    'released t1',
  ],
  [
    'its session was replaced, and the new set does not name the service',
    [leaves('a'), reconnects('a'), told('a', 1, 'db'), toldAll('a', 1), applied('a', 1)],
    'released t1',
  ],
  ['silent', [leaves('a'), told('a', 3), after(WITHHOLD_MS - 1)], 'withheld'],
  ['silent for too long', [leaves('a'), told('a', 3), after(WITHHOLD_MS)], 'released t1'],
  ['never connected', [leaves('a'), after(WITHHOLD_MS)], 'released t1'],
  ['it ends meanwhile', [leaves('a'), told('a', 3), ends('t1'), applied('a', 3)], ''],
  ['it ends, and nobody answers', [leaves('a'), ends('t1'), after(WITHHOLD_MS)], ''],
  ['two leave, one ends', [leaves('a', 't1 t2'), told('a', 3), ends('t2'), applied('a', 3)], 'released t1'],
  [
    'it left two sets: both count',
    [leaves('a'), leaves('a', 't1', 'db'), told('a', 3), applied('a', 3)],
    'withheld',
  ],
  [
    'it left two sets, and both are acknowledged',
    [leaves('a'), leaves('a', 't1', 'db'), told('a', 3), told('a', 3, 'db'), applied('a', 3)],
    'released t1',
  ],
  ['the term ends', [leaves('a'), told('a', 3), termEnds, applied('a', 3), after(WITHHOLD_MS)], ''],
]

test.each(stories)('%s', (_, deeds, outcome) => {
  const clock = new VirtualClock()
  const released: string[] = []
  const stops = new WithheldStops({ clock, release: (taskIds) => released.push(...taskIds) })
  for (const deed of deeds) deed(stops, clock)
  const seen = stops.withholds('t1') ? 'withheld' : ''
  expect(seen || released.map((id) => `released ${id}`).join(' ')).toBe(outcome)
  expect(clock.nextTimerAt() === undefined).toBe(seen === '')
})

test('each departure has its own time, the later one the longer', () => {
  const clock = new VirtualClock()
  const released: string[] = []
  const stops = new WithheldStops({ clock, release: (taskIds) => released.push(...taskIds) })
  leaves('a', 't1')(stops, clock)
  clock.advance(1_000)
  leaves('a', 't2')(stops, clock)
  clock.advance(WITHHOLD_MS - 1_000)
  expect(released).toEqual(['t1'])
  clock.advance(1_000)
  expect(released).toEqual(['t1', 't2'])
})

test.each<[string, Deed]>([
  ['is acknowledged', applied('a', 3)],
  ['is given up', after(WITHHOLD_MS)],
  ['goes with its node', gone('a')],
  ['is forgotten with the term', termEnds],
])('who waits until a port is nowhere in force is told when it %s', async (_, deed) => {
  const clock = new VirtualClock()
  const stops = new WithheldStops({ clock, release: () => undefined })
  let isOver = false
  stops.begin({ serviceId: 'web', taskIds: [], nodeIds: ['a'] })
  const over = stops.over('web').then(() => (isOver = true))
  told('a', 3)(stops, clock)
  await settle()
  expect(isOver).toBe(false)
  deed(stops, clock)
  await over
  expect(clock.nextTimerAt()).toBeUndefined()
})

test('nobody waits for a service that has lost nothing', async () => {
  const stops = new WithheldStops({ clock: new VirtualClock(), release: () => undefined })
  stops.begin({ serviceId: 'db', taskIds: ['t1'], nodeIds: ['a'] })
  await expect(stops.over('web')).resolves.toBeUndefined()
})
