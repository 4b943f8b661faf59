import { seededRandom, silentLogger } from '@shoal/common'
import { VirtualClock } from '@shoal/common/virtual-clock'
import { describe, expect, test } from 'vitest'
import { put, type ServiceRecord, type SpecRecord, type TaskRecord } from '../state/records.js'
import { aNode, aService, aSpec, createTestState, storeRecord } from '../state/testing/index.js'
import { explain } from './explain.js'
import { createScheduler } from './index.js'
import { NodeSet } from './node-set.js'
import { decide, outcomes, pending, running, specWith, viewOf, type Given } from './testing/index.js'

const nodes = [aNode('n1'), aNode('n2'), aNode('n3')]
const asking = (...Constraints: string[]): SpecRecord[] => [
  specWith({ Placement: { Constraints } }),
  aSpec('web', 2),
  aSpec('db', 1),
]
const db = aService('db', {
  Spec: { Name: 'db', Labels: { tier: 'back' }, TaskTemplate: { ContainerSpec: { Image: 'postgres:16' } } },
})
const ofDb = (id: string, node: string, changes: Partial<TaskRecord> = {}): TaskRecord =>
  running(id, node, { ServiceID: 'db', ...changes })
const placed = (given: Partial<Given>, constraint: string, count = 2): string[] =>
  outcomes(
    decide(
      { nodes, services: [db], specs: asking(constraint), ...given },
      Array.from({ length: count }, (_, index) => pending(`new${index}`)),
    ),
  )
const NONE = 'no suitable node (affinities not satisfied on 3 nodes)'

describe('given a database on the second of three nodes', () => {
  const tasks = [ofDb('d1', 'n2', { Slot: 1 })]
  test.each([
    ['affinity:service==db', ['n2', 'n2']],
    ['affinity:service==/^d.$/', ['n2', 'n2']],
    ['affinity:image==postgres', ['n2', 'n2']],
    ['affinity:tier==back', ['n2', 'n2']],
    ['affinity:container==db.1', ['n2', 'n2']],
    ['affinity:container==db.1.d1', ['n2', 'n2']],
    ['affinity:container==d1', ['n2', 'n2']],
    ['affinity:container==db.2', [NONE, NONE]],
    ['affinity:service==cache', [NONE, NONE]],
    ['affinity:service!=db', ['n1', 'n3']],
    ['affinity:container!=db.1', ['n1', 'n3']],
    ['affinity:tier!=back', ['n1', 'n3']],
    ['affinity:service==~db', ['n2', 'n2']],
    ['affinity:service==~cache', ['n1', 'n3']],
    ['affinity:service!=~db', ['n1', 'n3']],
    ['affinity:container!=~db.1', ['n1', 'n3']],
  ])('%s leads to %j', (constraint, expected) => {
    expect(placed({ tasks }, constraint)).toEqual(expected)
  })
})

describe('who counts as a neighbour', () => {
  const leaving = ofDb('d1', 'n2', { DesiredState: 'shutdown' })
  const replaced = [ofDb('d1', 'n2'), ofDb('d2', 'n1', { Shoal: { SpecVersion: 1, Replaces: 'd1' } })]
  test.each<[string, TaskRecord[], string, string[]]>([
    ['nobody that is to leave, for who wants company', [leaving], 'affinity:service==db', [NONE]],
    ['nor for who wishes to be alone', [leaving], 'affinity:service!=~db', ['n1']],
    [
      'everybody that is still there, for who must be alone',
      [leaving, ofDb('d3', 'n1')],
      'affinity:service!=db',
      ['n3'],
    ],
    ['the one that takes another one’s place', replaced, 'affinity:service==db', ['n1']],
    ['and both where none may be', replaced, 'affinity:service!=db', ['n3']],
    [
      'nobody of a service that is gone',
      [running('x', 'n1', { ServiceID: 'gone' })],
      'affinity:service==gone',
      [NONE],
    ],
  ])('%s', (_name, tasks, constraint, expected) => {
    expect(placed({ tasks }, constraint, 1)).toEqual(expected)
  })
})

describe('given a service that is to be apart from itself', () => {
  const web: ServiceRecord = aService('web')
  const apart = { services: [web], specs: asking('affinity:service!=web') }

  test('then every node gets one task of it, and the fourth waits', () => {
    expect(placed(apart, 'affinity:service!=web', 4)).toEqual(['n1', 'n2', 'n3', NONE])
  })

  test('when it is replaced, then the new task may be where the old one is', () => {
    const tasks = ['n1', 'n2', 'n3'].map((node) =>
      running(`old-${node}`, node, { Shoal: { SpecVersion: 2 } }),
    )
    const successor = pending('new', { Shoal: { SpecVersion: 1, Replaces: 'old-n2' } })
    expect(outcomes(decide({ nodes, ...apart, tasks }, [successor]))).toEqual(['n2'])
  })

  test('and one that wishes to be together with itself is', () => {
    const together = { services: [web], specs: asking('affinity:service==~web') }
    expect(placed(together, 'affinity:service==~web', 3)).toEqual(['n1', 'n1', 'n1'])
  })
})

test('given a task that waits for company, when the other one comes, then it follows soon', async () => {
  const clock = new VirtualClock()
  const state = await createTestState(clock)
  const scheduler = createScheduler({ state, clock, random: seededRandom(1), log: silentLogger })
  scheduler.start(new AbortController().signal)
  await state.commit([
    ...nodes.map((node) => put('node', node)),
    ...asking('affinity:service==db').map((spec) => put('spec', spec)),
    put('service', db),
    put('task', pending('follower')),
  ])
  await clock.advanceAsync(1000)
  expect(state.get('task', 'follower')?.Status.Err).toBe(NONE)
  await storeRecord(state, 'task', pending('leader', { ServiceID: 'db' }))
  await clock.advanceAsync(1000)
  const home = state.get('task', 'leader')?.NodeID
  expect(home).toBeDefined()
  expect(state.get('task', 'follower')?.NodeID).toBe(home)
})

test('the explanation names the affinity that a node does not satisfy', async () => {
  const specs = asking('affinity:tier==back')
  const view = viewOf({ nodes, specs, services: [db], tasks: [ofDb('d1', 'n2'), pending('new')] })
  const parts = { view, set: NodeSet.of(view), clock: new VirtualClock() }
  const { nodes: verdicts } = await explain(parts, { type: 'task', taskId: 'new' })
  expect(verdicts.find(({ ID }) => ID === 'n2')?.Accepts).toBe(true)
  expect(verdicts.find(({ ID }) => ID === 'n1')?.Refusals).toEqual([
    { Filter: 'affinities', Asked: 'affinity:tier==back', Found: 'not there' },
  ])
})
