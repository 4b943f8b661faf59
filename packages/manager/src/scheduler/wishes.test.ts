import { matchesConstraints, parseConstraints } from '@shoal/engine-api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aNode } from '../state/testing/index.js'
import { binpack, random, spread } from './strategy.js'
import { decide, labelled, outcomes, pending, reserving, running, specWith } from './testing/index.js'

const wishing = (...Constraints: string[]) => specWith({ Placement: { Constraints } })

describe('given constraints that are wishes', () => {
  const nodes = [
    labelled('n1', { zone: 'east-1' }),
    labelled('n2', { zone: 'west-1' }),
    labelled('n3', { zone: 'west-2' }),
  ]
  const two = [pending('x'), pending('y')]

  test.each([
    ['nodes that meet them come first', ['node.labels.zone==~/^west/'], ['n2', 'n3']],
    ['nodes that do not are better than none', ['node.labels.zone==~/^north/'], ['n1', 'n2']],
    ['what is not wished comes last', ['node.labels.zone!=~west-1'], ['n1', 'n3']],
    [
      'who meets more of them comes first',
      ['node.labels.zone==~/^west/', 'node.hostname!=~n2', 'node.id!=~n2'],
      ['n3', 'n3'],
    ],
    ['conditions come before', ['node.labels.zone==east-1', 'node.labels.zone==~/^west/'], ['n1', 'n1']],
  ])('%s', (_name, texts, expected) => {
    expect(outcomes(decide({ nodes, specs: [wishing(...texts)] }, two))).toEqual(expected)
  })

  test('when the nodes that meet them are full, then the others follow', () => {
    const specs = [
      specWith({ ...reserving(4e9), Placement: { Constraints: ['node.labels.zone==~/^east/'] } }),
    ]
    expect(outcomes(decide({ nodes, specs }, two))).toEqual(['n1', 'n2'])
  })

  test('when there are spread preferences as well, then wishes come first', () => {
    const Preferences = [{ Spread: { SpreadDescriptor: 'node.labels.zone' } }]
    const specs = [specWith({ Placement: { Preferences, Constraints: ['node.labels.zone==~/^west/'] } })]
    const tasks = [running('a', 'n2'), running('b', 'n3')]
    expect(outcomes(decide({ nodes, specs, tasks }, two))).toEqual(['n2', 'n3'])
  })

  test('when a node has had many failures, then it comes last in spite of them', () => {
    const failed = Array.from({ length: 5 }, (_, index) =>
      running(`failed-${index}`, 'n1', {
        DesiredState: 'shutdown',
        Status: { Timestamp: '2026-01-01T00:00:00.000Z', State: 'failed', Message: '' },
      }),
    )
    const specs = [wishing('node.labels.zone==~east-1')]
    expect(outcomes(decide({ nodes, specs, tasks: failed }, two))).toEqual(['n2', 'n3'])
  })

  test('then no node that fits meets more of them than the chosen one, whatever the strategy', () => {
    const node = fc.record({ a: fc.nat(1), b: fc.nat(2), load: fc.nat(4), isFull: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 1, maxLength: 8 }),
        fc.subarray([
          'node.labels.a==~1',
          'node.labels.b!=~/[01]/',
          'node.hostname!=~n0',
          'node.labels.b==~2',
        ]),
        fc.constantFrom(spread, binpack, random),
        fc.boolean(),
        (given, texts, strategy, prefers) => {
          const records = given.map(({ a, b, isFull }, index) => {
            const record = labelled(`n${index}`, { a: `${a}`, b: `${b}` })
            return isFull ? { ...record, Spec: { ...record.Spec, Availability: 'pause' as const } } : record
          })
          const tasks = given.flatMap(({ load }, index) =>
            Array.from({ length: load }, (_, each) => running(`t${index}-${each}`, `n${index}`)),
          )
          const Preferences = prefers ? [{ Spread: { SpreadDescriptor: 'node.labels.a' } }] : []
          const specs = [specWith({ Placement: { Constraints: texts, Preferences } })]
          const met = (id: string): number => {
            const record = records.find(({ ID }) => ID === id) ?? aNode('none')
            return texts.filter((text) =>
              matchesConstraints(parseConstraints([text.replace('~', '')]), record),
            ).length
          }
          const fitting = records.filter(({ Spec }) => !('Availability' in Spec)).map(({ ID }) => met(ID))
          const waiting = [pending('x'), pending('y')]
          const placed = outcomes(decide({ nodes: records, tasks, specs, strategy }, waiting))
          const none = 'no suitable node (' // with how many are not available
          const isBest = (outcome: string): boolean =>
            fitting.length === 0 ? outcome.startsWith(none) : met(outcome) === Math.max(...fitting)
          expect(placed.filter((outcome) => !isBest(outcome))).toEqual([])
        },
      ),
    )
  })
})
