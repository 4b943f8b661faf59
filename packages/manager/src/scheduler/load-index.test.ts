import { array, assert, constant, integer, oneof, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { aNode } from '../state/testing/index.js'
import { LoadIndex, type LoadWalk } from './load-index.js'
import type { NodeClass } from './node-class.js'
import { NodeInfo } from './node-info.js'

const classes: NodeClass[] = [{ uniform: true }, { uniform: true }, { uniform: false }]
const all = (): boolean => false

function given(loads: readonly number[], classOf: (number: number) => NodeClass) {
  const index = new LoadIndex()
  const nodes = loads.map((load, number) => {
    const node = new NodeInfo(aNode(`n${number}`), number, classOf(number))
    node.tasks = load
    index.update(node)
    return node
  })
  const fill = (number: number, more: number): void => {
    const node = nodes[number]!
    node.tasks += more
    index.update(node)
  }
  return { index, nodes, fill }
}

function rest(walk: LoadWalk): NodeInfo[] {
  const yielded: NodeInfo[] = []
  for (let node = walk.next(); node; node = walk.next()) yielded.push(node)
  return yielded
}

test('given nodes that fill up meanwhile, then each walk yields every node once, the emptiest first', () => {
  const step = oneof(
    constant('next' as const),
    record({ node: integer({ min: 0, max: 11 }), more: integer({ min: 1, max: 3 }) }),
  )
  const walks = array(array(step, { maxLength: 60 }), { minLength: 1, maxLength: 4 })
  const loads = array(integer({ min: 0, max: 4 }), { minLength: 12, maxLength: 12 })
  assert(
    property(loads, walks, (initial, walksOfSteps) => {
      const { index, nodes, fill } = given(initial, (number) => classes[number % classes.length]!)
      for (const steps of walksOfSteps) {
        const walk = index.walk(all)
        const left = new Set(nodes)
        const take = (node: NodeInfo): void => {
          expect(node.tasks).toBe(Math.min(...Array.from(left, ({ tasks }) => tasks)))
          expect(left.delete(node)).toBe(true)
        }
        for (const each of steps) {
          const node = each === 'next' ? walk.next() : undefined
          if (node) take(node)
          if (each !== 'next') fill(each.node, each.more)
        }
        for (const node of rest(walk)) take(node)
        expect(left.size).toBe(0)
      }
    }),
    { numRuns: 300 },
  )
})

test('given one that comes to stand beside another that was yielded already, then it is yielded still', () => {
  const { index, nodes, fill } = given([0, 0], () => classes[0]!)
  const walk = index.walk(all)
  expect(walk.next()).toBe(nodes[0])
  fill(0, 1)
  fill(1, 1)
  expect(rest(walk)).toEqual([nodes[1]])
})

test('given a node that is gone, or a class that is not wanted, then no walk yields it', () => {
  const { index, nodes, fill } = given([0, 0, 0], (number) => classes[number === 2 ? 1 : 0]!)
  nodes[0]!.gone = true
  fill(0, 0)
  const walk = index.walk((candidates) => candidates === classes[1])
  expect(rest(walk)).toEqual([nodes[1]])
})
