import { describe, expect, test } from 'vitest'
import type { NodeRecord, SpecRecord, TaskRecord } from '../state/records.js'
import { aNode } from '../state/testing/index.js'
import { binpack, random } from './strategy.js'
import {
  NOW,
  decide,
  outcomes,
  specWith,
  status,
  pending,
  running,
  labelled,
  reserving,
  type Given,
} from './testing/index.js'

describe('which of the nodes that fit', () => {
  const nodes = [aNode('n1'), aNode('n2'), aNode('n3')]
  const failedOn = (NodeID: string, times: number, minutesAgo: number): TaskRecord[] =>
    Array.from({ length: times }, (_, index) =>
      running(`failed-${NodeID}-${index}`, NodeID, {
        DesiredState: 'shutdown',
        Status: { ...status('failed'), Timestamp: new Date(NOW - minutesAgo * 60_000).toISOString() },
      }),
    )

  test('the fewest tasks of the service, before the fewest tasks', () => {
    const other = (id: string, node: string) => running(id, node, { ServiceID: 'db' })
    const tasks = [running('a', 'n1'), other('b', 'n2'), other('c', 'n2'), other('d', 'n3')]
    expect(outcomes(decide({ nodes, tasks }, [pending('x'), pending('y'), pending('z')]))).toEqual([
      'n3',
      'n2',
      'n1',
    ])
  })

  test('tasks that were told to stop do not count', () => {
    const tasks = [running('a', 'n1', { DesiredState: 'shutdown' }), running('b', 'n2'), running('c', 'n3')]
    expect(outcomes(decide({ nodes, tasks }, [pending('x')]))).toEqual(['n1'])
  })

  test.each([
    ['five failures within five minutes put a node last', 5, 4, ['n2', 'n3', 'n2', 'n3']],
    ['four do not', 4, 4, ['n1', 'n2', 'n3', 'n1']],
    ['nor do old ones', 5, 6, ['n1', 'n2', 'n3', 'n1']],
  ])('%s', (_name, times, minutesAgo, expected) => {
    const waiting = ['w', 'x', 'y', 'z'].map((id) => pending(id))
    expect(outcomes(decide({ nodes, tasks: failedOn('n1', times, minutesAgo) }, waiting))).toEqual(expected)
  })

  test('a node with failures is still better than none', () => {
    const tasks = failedOn('n1', 9, 1)
    expect(outcomes(decide({ nodes: [aNode('n1')], tasks }, [pending('x')]))).toEqual(['n1'])
  })

  test('binpack fills one node before it begins the next', () => {
    const given = { nodes, specs: [specWith(reserving(2e9))], strategy: binpack }
    const waiting = ['a', 'b', 'c', 'd', 'e'].map((id) => pending(id))
    expect(outcomes(decide(given, waiting))).toEqual(['n1', 'n1', 'n2', 'n2', 'n3'])
  })

  test('random leaves no node out and prefers none', () => {
    const waiting = Array.from({ length: 3000 }, (_, index) => pending(`t${index}`))
    const counts = new Map<string, number>()
    for (const node of outcomes(decide({ nodes, strategy: random }, waiting))) {
      counts.set(node, (counts.get(node) ?? 0) + 1)
    }
    expect(counts.size).toBe(3)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120)
  })
})

describe('preferences spread over labels', () => {
  const prefer = (...labels: string[]): SpecRecord =>
    specWith({
      Placement: { Preferences: labels.map((SpreadDescriptor) => ({ Spread: { SpreadDescriptor } })) },
    })
  const zones = [
    labelled('a1', { zone: 'a', rack: '1' }),
    labelled('a2', { zone: 'a', rack: '2' }),
    labelled('a3', { zone: 'a', rack: '2' }),
    labelled('b1', { zone: 'b', rack: '1' }),
  ]
  const place = (count: number, given: Given): Record<string, number> => {
    const waiting = Array.from({ length: count }, (_, index) => pending(`t${index}`))
    const counts: Record<string, number> = {}
    for (const node of outcomes(decide(given, waiting))) counts[node] = (counts[node] ?? 0) + 1
    return counts
  }

  test('each zone gets the same, however many nodes it has', () => {
    const counts = place(12, { nodes: zones, specs: [prefer('node.labels.zone')] })
    expect(counts).toEqual({ a1: 2, a2: 2, a3: 2, b1: 6 })
  })

  test('inside a zone each rack gets the same', () => {
    const counts = place(16, { nodes: zones, specs: [prefer('node.labels.zone', 'node.labels.rack')] })
    expect(counts).toEqual({ a1: 4, a2: 2, a3: 2, b1: 8 })
  })

  test('nodes without the label are a zone of their own', () => {
    const counts = place(6, { nodes: [...zones, aNode('c1')], specs: [prefer('node.labels.zone')] })
    expect(counts).toMatchObject({ b1: 2, c1: 2 })
  })

  test('what a zone has already counts, on nodes that take no more as well', () => {
    const paused: NodeRecord = { ...aNode('b2'), Spec: { Labels: { zone: 'b' }, Availability: 'pause' } }
    const tasks = ['x', 'y', 'z'].map((id) => running(id, 'b2'))
    const counts = place(3, { nodes: [...zones, paused], specs: [prefer('node.labels.zone')], tasks })
    expect(counts).toEqual({ a1: 1, a2: 1, a3: 1 })
  })

  test('a full zone gives way', () => {
    const spec = { ...prefer('node.labels.zone') }
    const limited = {
      ...spec,
      TaskTemplate: { Placement: { ...spec.TaskTemplate.Placement, MaxReplicas: 2 } },
    }
    expect(place(7, { nodes: zones, specs: [limited] })).toMatchObject({ b1: 2 })
  })
})
