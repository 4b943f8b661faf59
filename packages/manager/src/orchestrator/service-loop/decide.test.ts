import { toTimestamp, type TaskState } from '@shoal/common'
import { describe, expect, test } from 'vitest'
import type { ServiceRecord, TaskRecord } from '../../state/records.js'
import { aNode, aService, aTask } from '../../state/testing/index.js'
import { SlotBook } from '../slot/slot-book.js'
import { viewOf } from '../testing/view.js'
import { decideService } from './decide.js'

const NOW = Date.UTC(2026, 0, 1, 12)

/** `id slot state>desired @node v<version> <replaced id`, where all but the first three may be left out. */
function task(text: string, shoal: Partial<TaskRecord['Shoal']> = {}): TaskRecord {
  const [id = '', slot = '', states = '', ...rest] = text.split(' ')
  const [state, desired] = states.split('>') as [TaskState, TaskState]
  const find = (mark: string): string | undefined => rest.find((word) => word.startsWith(mark))?.slice(1)
  const node = find('@')
  const replaces = find('<')
  return aTask(id, {
    ...(node && { NodeID: node }),
    Slot: Number(slot),
    Status: { Timestamp: toTimestamp(NOW), State: state, Message: state },
    DesiredState: desired,
    Shoal: { SpecVersion: Number(find('v') ?? 1), ...(replaces && { Replaces: replaces }), ...shoal },
  })
}

function service(replicas: number, changes: Partial<ServiceRecord> = {}, order?: string): ServiceRecord {
  const UpdateConfig = order === undefined ? {} : { UpdateConfig: { Parallelism: 1, Order: order } }
  return aService('web', {
    Spec: { Name: 'web', Mode: { Replicated: { Replicas: replicas } }, ...UpdateConfig },
    ...changes,
  })
}

/** The plan's actions on tasks, in words. */
function actions(
  of: ServiceRecord | undefined,
  tasks: readonly TaskRecord[],
  nodes?: Parameters<typeof viewOf>[2],
): string[] {
  let ids = 0
  const plan = decideService(viewOf(of, tasks, nodes), 'web', NOW, () => `new${++ids}`)
  return [...plan.release, ...plan.units].flat().map((action) => {
    if (action.type === 'delete') return `delete ${action.task.ID}`
    if (action.type === 'desire') return `${action.desired} ${action.task.ID}${action.rests ? ' rests' : ''}`
    const { Slot, NodeID, DesiredState, Shoal } = action.task
    const replaces = Shoal.Replaces === undefined ? '' : ` for ${Shoal.Replaces}`
    return `create ${Slot ?? NodeID} ${DesiredState} v${Shoal.SpecVersion}${replaces}`
  })
}

describe('the number of slots', () => {
  const three = ['t1 1 running>running @a', 't2 2 running>running @b', 't3 3 running>running @a'].map(
    (text) => task(text),
  )

  test.each<[string, number, readonly TaskRecord[], string[]]>([
    ['an empty service is filled from 1', 2, [], ['create 1 running v1', 'create 2 running v1']],
    [
      'gaps are filled first',
      3,
      [task('t2 2 running>running @a')],
      ['create 1 running v1', 'create 3 running v1'],
    ],
    [
      'a slot that is still being left is passed over',
      2,
      [task('t1 1 running>remove @a'), task('t2 2 running>running @a')],
      ['create 3 running v1'],
    ],
    [
      'a slot that nobody can leave any more is not',
      2,
      [task('t1 1 running>remove @gone'), task('t2 2 running>running @a')],
      ['create 1 running v1'],
    ],
    ['what is right stays', 3, three, []],
    ['the fullest node gives up first', 2, three, ['remove t3']],
    ['ties go to the highest slot', 1, three, ['remove t2', 'remove t3']],
    [
      'what does not run gives up first',
      2,
      [task('t1 1 starting>running @b'), ...three.slice(1)],
      ['remove t1'],
    ],
    ['what no node knows is deleted', 2, [...three.slice(0, 2), task('t3 3 pending>running')], ['delete t3']],
    [
      'the history of a slot goes with it',
      1,
      [task('t1 1 running>running @a'), task('t2 2 running>running @a'), task('h2 2 failed>shutdown @a')],
      ['remove t2', 'delete h2'],
    ],
  ])('%s', (_name, replicas, tasks, expected) => {
    expect(actions(service(replicas), tasks).sort()).toEqual(expected.sort())
  })

  const many = Array.from({ length: 2500 }, (_, index) => aNode(`node${String(index).padStart(4, '0')}`))
  test.each([
    { what: 'slots', of: service(2500), nodes: undefined, places: many.map((_, index) => index + 1) },
    {
      what: 'nodes of a global service',
      of: aService('web', { Spec: { Mode: { Global: {} } } }),
      nodes: many,
      places: many.map(({ ID }) => ID),
    },
  ])('many $what are filled in several decisions, at once one after the other', ({ of, nodes, places }) => {
    const created: TaskRecord[] = []
    let wakeAtMs: number | undefined = NOW
    let decisions = 0
    while (wakeAtMs === NOW) {
      let ids = created.length
      const plan = decideService(viewOf(of, created, nodes), 'web', NOW, () => `new${++ids}`)
      for (const action of plan.units.flat()) if (action.type === 'create') created.push(action.task)
      wakeAtMs = plan.wakeAtMs
      decisions++
    }
    expect(decisions).toBe(2)
    expect(created.map(({ Slot, NodeID }) => Slot ?? NodeID)).toEqual(places)
  })

  test('scaled down in a rollout, it goes on though the slot whose turn it was is given up', () => {
    const tasks = ['t1 1 running>running @a v2', 't2 2 running>running @a', 't3 3 running>running @b']
    const known = SlotBook.of(tasks.map((text) => task(text)))
    known.leaveAlone({ quiet: ['1'], waiting: ['2', '3'] })
    known.stirWaiting(1)
    const Rollout = { StartedAtMs: NOW - 60_000, Total: 3, Failures: 0, Failed: [], Stuck: [], Batch: [] }
    const of = service(2, {
      Shoal: { SpecVersion: 2, Rollout },
      UpdateStatus: { State: 'updating', Message: '' },
    })
    const plan = decideService(viewOf(of, [...known.groups.values()].flat()), 'web', NOW, () => 'new', known)
    expect(plan.service?.UpdateStatus?.State).toBe('updating')
    expect(plan.service?.Shoal.Rollout?.Batch).toEqual(['3'])
  })

  test('is none when the service is gone', () => {
    const tasks = [...three, task('t4 4 pending>running'), task('t5 5 failed>shutdown @a')]
    expect(actions(undefined, tasks)).toEqual([
      'remove t1',
      'remove t2',
      'remove t3',
      'delete t4',
      'delete t5',
    ])
  })
})

describe('the switch inside a slot', () => {
  const rolling = (order: string): ServiceRecord =>
    service(
      1,
      {
        Shoal: {
          SpecVersion: 2,
          Rollout: { StartedAtMs: NOW, Total: 1, Batch: ['1'], Failures: 0, Failed: [], Stuck: [] },
        },
        UpdateStatus: { State: 'updating', Message: 'update in progress' },
      },
      order,
    )

  test.each<[string, string, readonly string[], string[]]>([
    ['stop-first', 'prepares the new task', ['o 1 running>running @a'], ['create 1 ready v2 for o']],
    ['start-first', 'starts the new task', ['o 1 running>running @a'], ['create 1 running v2 for o']],
    [
      'stop-first',
      'waits for the preparation',
      ['o 1 running>running @a', 'n 1 preparing>ready @b v2 <o'],
      [],
    ],
    [
      'stop-first',
      'stops the old one then',
      ['o 1 running>running @a', 'n 1 ready>ready @b v2 <o'],
      ['shutdown o'],
    ],
    ['stop-first', 'waits for its end', ['o 1 running>shutdown @a', 'n 1 ready>ready @b v2 <o'], []],
    [
      'stop-first',
      'starts the new one then',
      ['o 1 shutdown>shutdown @a', 'n 1 ready>ready @b v2 <o'],
      ['running n'],
    ],
    [
      'stop-first',
      'does not wait for what ended by itself',
      ['o 1 failed>running @a', 'n 1 preparing>ready @b v2 <o'],
      ['shutdown o', 'running n'],
    ],
    [
      'start-first',
      'waits until the new one runs',
      ['o 1 running>running @a', 'n 1 starting>running @b v2 <o'],
      [],
    ],
    [
      'start-first',
      'stops the old one then',
      ['o 1 running>running @a', 'n 1 running>running @b v2 <o'],
      ['shutdown o'],
    ],
    [
      'stop-first',
      'does not switch from what does not run',
      ['o 1 starting>running @a'],
      ['shutdown o', 'create 1 ready v2 for o'],
    ],
    [
      'stop-first',
      'makes what no node knows anew',
      ['o 1 pending>running'],
      ['delete o', 'create 1 running v2'],
    ],
    [
      'stop-first',
      'gives up what a newer update has overtaken',
      ['o 1 running>running @a', 'n 1 ready>ready @b v7 <o'],
      ['shutdown n', 'create 1 ready v2 for o'],
    ],
    [
      'stop-first',
      'tries again beside the old one after a failure',
      ['o 1 running>running @a', 'n 1 rejected>ready @b v2 <o'],
      ['shutdown n', 'create 1 ready v2 for o'],
    ],
  ])('%s %s', (order, _name, texts, expected) => {
    const tolerant = rolling(order)
    const Spec = { ...tolerant.Spec, UpdateConfig: { ...tolerant.Spec.UpdateConfig, MaxFailureRatio: 1 } }
    expect(
      actions(
        { ...tolerant, Spec },
        texts.map((text) => task(text)),
      ),
    ).toEqual(expected)
  })
})

describe('nodes and endings', () => {
  const nodes = [
    aNode('a', { Status: { State: 'down', Addr: '' } }),
    aNode('b', { Spec: { Availability: 'drain' } }),
    aNode('c', { Spec: { Availability: 'pause' } }),
  ]

  test.each<[string, string, string[]]>([
    [
      'a task on a node that is down is replaced at once',
      't 1 running>running @a',
      ['shutdown t', 'create 1 running v1'],
    ],
    [
      'a task on a node that is gone as well',
      't 1 running>running @z',
      ['shutdown t', 'create 1 running v1'],
    ],
    ['a task on a drained node moves by the switch', 't 1 running>running @b', ['create 1 ready v1 for t']],
    ['a task on a paused node stays', 't 1 running>running @c', []],
    [
      'a task that failed is followed after the delay',
      't 1 failed>running @c',
      ['shutdown t', 'create 1 ready v1'],
    ],
    ['an orphan is replaced at once', 't 1 orphaned>running @c', ['shutdown t', 'create 1 running v1']],
  ])('%s', (_name, text, expected) => {
    expect(actions(service(1), [task(text)], nodes)).toEqual(expected)
  })

  test('a move is called off when the node will do again', () => {
    const moving = [task('o 1 running>running @a'), task('n 1 pending>ready <o')]
    expect(actions(service(1), moving)).toEqual(['delete n'])
  })

  test('a restart that is not due yet is looked at again when it is', () => {
    const waiting = task('t 1 ready>ready @a', { StartAfterMs: NOW + 4_000 })
    expect(decideService(viewOf(service(1), [waiting]), 'web', NOW, () => 'x')).toEqual({
      release: [],
      units: [],
      leftAlone: { quiet: [], waiting: [] },
      wakeAtMs: NOW + 4_000,
    })
    const due = task('t 1 ready>ready @a', { StartAfterMs: NOW })
    expect(actions(service(1), [due])).toEqual(['running t'])
  })

  test('a global service has its tasks where nodes allow it', () => {
    const everywhere = aService('web', { Spec: { Mode: { Global: {} } } })
    expect(actions(everywhere, [], nodes)).toEqual([])
    expect(actions(everywhere, [], [...nodes, aNode('d')])).toEqual(['create d running v1'])
    const tasks = ['a', 'b', 'c'].map((node) => {
      const { Slot: _slot, ...rest } = task(`t${node} 0 running>running @${node}`)
      return rest
    })
    expect(actions(everywhere, tasks, nodes)).toEqual(['shutdown ta', 'shutdown tb'])
  })
})
