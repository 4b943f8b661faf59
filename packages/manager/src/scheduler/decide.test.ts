import { describe, expect, test } from 'vitest'
import type { TaskRecord } from '../state/records.js'
import { aNode } from '../state/testing/index.js'
import {
  decide,
  outcomes,
  specWith,
  status,
  pending,
  running,
  offering,
  discrete,
  named,
  reserving,
  publishing,
  type Given,
} from './testing/index.js'

describe('a task that replaces another', () => {
  const old = running('old', 'n1')
  const stopFirst = pending('new', { DesiredState: 'ready', Shoal: { SpecVersion: 1, Replaces: 'old' } })
  const startFirst = pending('new', { Shoal: { SpecVersion: 1, Replaces: 'old' } })
  const full = 'no suitable node (insufficient resources on 1 node)'
  const gpu = specWith({ Resources: { Reservations: { GenericResources: [discrete('gpu', 1)] } } })
  const gpuGiven: Given = {
    nodes: [offering('n1', [named('gpu', 'g1')])],
    specs: [gpu],
    tasks: [{ ...old, AssignedGenericResources: [named('gpu', 'g1')] }],
  }
  const cpu: Given = { nodes: [aNode('n1')], specs: [specWith(reserving(3e9))], tasks: [old] }
  const port: Given = { nodes: [aNode('n1')], specs: [specWith({}, publishing(80))], tasks: [old] }
  const max: Given = {
    nodes: [aNode('n1')],
    specs: [specWith({ Placement: { MaxReplicas: 1 } })],
    tasks: [old],
  }
  test.each<[string, Given, TaskRecord, string]>([
    ['stop-first counts on the CPUs of the old one', cpu, stopFirst, 'n1'],
    ['start-first does not', cpu, startFirst, full],
    ['stop-first counts on its host port', port, stopFirst, 'n1'],
    ['start-first does not', port, startFirst, 'no suitable node (host-mode port already in use on 1 node)'],
    ['stop-first counts on its names', gpuGiven, stopFirst, 'n1'],
    ['start-first does not', gpuGiven, startFirst, full],
    ['stop-first has its share of the limit per node', max, stopFirst, 'n1'],
    ['start-first has it, too, or nothing could ever be updated', max, startFirst, 'n1'],
    [
      'the share of another task is not lent',
      { ...max, tasks: [old, running('other', 'n1')] },
      startFirst,
      'no suitable node (max replicas per node limit exceed)',
    ],
    [
      'of two replicas that the limit allows, one may be replaced',
      { ...max, specs: [specWith({ Placement: { MaxReplicas: 2 } })], tasks: [old, running('other', 'n1')] },
      startFirst,
      'n1',
    ],
    [
      'the new one goes where spreading wants it',
      { nodes: [aNode('n1'), aNode('n2')], tasks: [old, running('other', 'n1')] },
      stopFirst,
      'n2',
    ],
    [
      'and stays where that is as good',
      { nodes: [aNode('n1'), aNode('n2')], tasks: [old, running('other', 'n2')] },
      startFirst,
      'n1',
    ],
    [
      'an old one that has ended lends nothing, for it holds nothing',
      {
        ...cpu,
        tasks: [{ ...old, Status: status('shutdown') }, running('other', 'n1', { ServiceID: 'web' })],
      },
      stopFirst,
      full,
    ],
    [
      'a drained node does not keep it',
      { ...cpu, nodes: [{ ...aNode('n1'), Spec: { Availability: 'drain' } }, aNode('n2')] },
      stopFirst,
      'n2',
    ],
  ])('%s', (_name, given, task, expected) => {
    expect(outcomes(decide(given, [task]))).toEqual([expected])
  })

  test('what is lent once is not free for a stranger', () => {
    expect(outcomes(decide(cpu, [stopFirst, pending('stranger', { Slot: 2 })]))).toEqual(['n1', full])
  })

  test('a task of a global service counts on the old one of its node', () => {
    expect(outcomes(decide(cpu, [{ ...stopFirst, NodeID: 'n1' }]))).toEqual(['n1'])
    expect(outcomes(decide(cpu, [{ ...startFirst, NodeID: 'n1' }]))).toEqual([full])
  })

  test('a whole batch is spread as if the old ones were gone', () => {
    const tasks = [running('o1', 'n1'), running('o2', 'n1'), running('o3', 'n2')]
    const batch = tasks.map((task, index) =>
      pending(`new${index}`, { Shoal: { SpecVersion: 1, Replaces: task.ID } }),
    )
    const nodes = [aNode('n1'), aNode('n2'), aNode('n3')]
    expect(outcomes(decide({ nodes, tasks }, batch)).sort()).toEqual(['n1', 'n2', 'n3'])
  })
})
