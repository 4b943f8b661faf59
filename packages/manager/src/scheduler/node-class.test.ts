import { describe, expect, test } from 'vitest'
import { aNode } from '../state/testing/index.js'
import { NodeClasses } from './node-class.js'
import { decide, labelled, outcomes, pending, specWith } from './testing/index.js'

const withLabels = (id: string, Labels: Record<string, string>) => ({
  ...aNode(id),
  Spec: { Role: 'worker' as const, Labels },
})

describe('classes of nodes', () => {
  test('given nodes that differ only in what is their own, then they are of one class', () => {
    const classes = new NodeClasses()
    const one = classes.of(withLabels('n1', { disk: 'ssd', zone: 'a' }))
    expect(classes.of(withLabels('n2', { zone: 'a', disk: 'ssd' }))).toBe(one)
    expect(one.uniform).toBe(true)
  })

  test.each([
    ['a label', withLabels('n2', { disk: 'hdd' })],
    [
      'the role',
      { ...withLabels('n2', { disk: 'ssd' }), Spec: { Role: 'manager', Labels: { disk: 'ssd' } } },
    ],
    ['the state', { ...withLabels('n2', { disk: 'ssd' }), Status: { State: 'down', Addr: '' } }],
    ['the availability', { ...aNode('n2'), Spec: { Labels: { disk: 'ssd' }, Availability: 'drain' } }],
  ] as const)('given nodes that differ in %s, then they are of two classes', (_what, other) => {
    const classes = new NodeClasses()
    expect(classes.of(other)).not.toBe(classes.of(withLabels('n1', { disk: 'ssd' })))
  })

  test('given a label on one node that reads like two on another, then they are of two classes', () => {
    const classes = new NodeClasses()
    expect(classes.of(withLabels('n1', { a: 'b', c: 'd' }))).not.toBe(
      classes.of(withLabels('n2', { a: 'bcd' })),
    )
  })

  test('given a value of its own on every one of many nodes, then each of them is asked, and old ones are forgotten', () => {
    const classes = new NodeClasses()
    const names = Array.from({ length: 1000 }, (_, index) => `n${index}`)
    for (const name of names) expect(classes.of(withLabels(name, { name })).uniform).toBe(true)
    expect(classes.of(withLabels('one-more', { name: 'one-more' })).uniform).toBe(false)
    for (const name of names) classes.forget(name)
    expect(classes.of(withLabels('later', { name: 'later' })).uniform).toBe(true)
  })

  test('given constraints on what is each node own, then nodes of one class are told apart', () => {
    const nodes = [aNode('n1'), aNode('n2'), aNode('n3')]
    for (const constraint of ['node.id==n2', 'node.hostname==n2']) {
      const specs = [specWith({ Placement: { Constraints: [constraint] } })]
      expect(outcomes(decide({ nodes, specs }, [pending('x'), pending('y')]))).toEqual(['n2', 'n2'])
    }
  })

  test('given more than a thousand classes, then constraints still choose the right nodes', () => {
    const nodes = Array.from({ length: 1200 }, (_, index) =>
      labelled(`n${index}`, { name: `v${index}`, disk: index % 400 === 399 ? 'ssd' : 'hdd' }),
    )
    const specs = [specWith({ Placement: { Constraints: ['node.labels.disk==ssd'] } })]
    const waiting = ['a', 'b', 'c', 'd'].map((id) => pending(id))
    const [first = '', second = '', third = '', fourth] = outcomes(decide({ nodes, specs }, waiting))
    expect(new Set([first, second, third])).toEqual(new Set(['n399', 'n799', 'n1199']))
    expect([first, second, third]).toContain(fourth)
  })
})
