import { describe, expect, test } from 'vitest'
import type { NodeRecord, ServiceRecord } from '../state/records.js'
import { aNode, aService } from '../state/testing/index.js'
import type { NodeUse } from './measured-use.js'
import { binpack, random } from './strategy.js'
import { decide, outcomes, pending, reserving, running, specWith, type Given } from './testing/index.js'

const GIB = 1024 ** 3
const sized = (id: string): NodeRecord => {
  const node = aNode(id)
  return {
    ...node,
    Description: { ...node.Description, Resources: { NanoCPUs: 4e9, MemoryBytes: 8 * GIB } },
  }
}
const nodes = ['n1', 'n2', 'n3'].map(sized)
const web = (basis?: string): ServiceRecord =>
  aService('web', { Spec: { Name: 'web', Labels: basis === undefined ? {} : { 'shoal.resources': basis } } })
/** What is in use on nodes: CPUs, and memory in GiB. */
const using = (
  uses: Record<string, [cpus: number, gib: number]>,
): ((nodeId: string) => NodeUse | undefined) => {
  const measures = new Map(
    Object.entries(uses).map(([id, [cpus, gib]]) => [id, { cpus, memoryBytes: gib * GIB }] as const),
  )
  return (nodeId) => measures.get(nodeId)
}
const place = (given: Partial<Given>, count = 1): string[] =>
  outcomes(
    decide(
      { nodes, services: [web('measured')], ...given },
      Array.from({ length: count }, (_, index) => pending(`new${index}`)),
    ),
  )

describe('given services that are to be placed by what is in use', () => {
  const useOf = using({ n1: [3.5, 1], n2: [0.5, 7], n3: [1, 2] })

  test('when nobody asked, then it does not matter', () => {
    for (const services of [[web()], [web('reserved')]]) {
      expect(place({ services, useOf })).toEqual(['n1'])
      expect(place({ services, useOf, specs: [specWith(reserving(2e9))] })).toEqual(['n1'])
    }
  })

  test('then the task goes where least is in use', () => {
    expect(place({ useOf })).toEqual(['n3'])
  })

  test('then packing goes where most is', () => {
    expect(place({ useOf: using({ n1: [1, 1], n2: [2, 4], n3: [0, 0] }), strategy: binpack })).toEqual(['n2'])
  })

  test('then the tasks of one service are spread first', () => {
    expect(place({ useOf, tasks: [running('a', 'n3')] })).toEqual(['n1'])
  })

  test.each([
    ['CPUs', reserving(2e9), 'n2'],
    ['memory', reserving(0, 2 * GIB), 'n3'],
  ])('then a reservation of %s goes where so much is not in use', (_what, template, expected) => {
    const busy = using({ n1: [3.5, 7], n2: [0.5, 7], n3: [2.5, 2] })
    expect(place({ useOf: busy, specs: [specWith(template)] })).toEqual([expected])
  })

  test('when too much is in use everywhere, then the task waits, and says so', () => {
    const busy = using({ n1: [3, 0], n2: [3, 0], n3: [3, 0] })
    expect(place({ useOf: busy, specs: [specWith(reserving(2e9))] })).toEqual([
      'no suitable node (too much in use on 3 nodes)',
    ])
  })

  test('then what is reserved counts, too, where little of it is in use', () => {
    const idle = using({ n1: [0, 0], n2: [0, 0], n3: [0, 0] })
    const specs = [specWith(reserving(3e9))]
    const tasks = [running('a', 'n1'), running('b', 'n2')]
    expect(place({ useOf: idle, specs, tasks }, 2)).toEqual([
      'n3',
      'no suitable node (insufficient resources on 3 nodes)',
    ])
  })

  test('when a burst comes before the next measure, then it does not all go to one node', () => {
    const specs = [specWith(reserving(1e9))]
    const placed = place(
      { useOf: using({ n1: [2, 0], n2: [0, 0], n3: [0, 0] }), specs, strategy: binpack },
      6,
    )
    expect(placed).toEqual(['n1', 'n1', 'n2', 'n2', 'n2', 'n2'])
  })

  test('then a node that nobody has measured is judged by what is reserved', () => {
    const specs = [specWith(reserving(1e9))]
    expect(place({ useOf: using({ n1: [3.5, 0], n2: [3.5, 0] }), specs })).toEqual(['n3'])
    expect(place({ specs }, 4)).toEqual(['n1', 'n2', 'n3', 'n1'])
  })

  test('then random is as random as ever, among those with room', () => {
    const specs = [specWith(reserving(1e9))]
    const useful = using({ n1: [4, 0], n2: [4, 0], n3: [0, 0] })
    expect(place({ useOf: useful, specs, strategy: random })).toEqual(['n3'])
  })
})
