import { describe, expect, test } from 'vitest'
import { NamedTurns, NumberedTurns } from './turns.js'

describe('slots that wait for their turn', () => {
  test.each([
    {
      what: 'numbers',
      turns: new NumberedTurns(),
      keys: ['10', '9', '2', '30'],
      order: ['2', '9', '10', '30'],
    },
    { what: 'nodes', turns: new NamedTurns(), keys: ['n', 'b', 'z', 'm'], order: ['b', 'm', 'n', 'z'] },
  ])('$what have it in their order, also those that come back or come later', ({ turns, keys, order }) => {
    const [first, second, third, last] = order as [string, string, string, string]
    turns.add(keys)
    expect(turns.take(2)).toEqual([first, second])
    expect([...turns.waiting].toSorted()).toEqual([third, last].toSorted())
    turns.add([second])
    turns.delete(third)
    turns.add([first])
    expect(turns.take(0)).toEqual([])
    expect(turns.take(10)).toEqual([first, second, last])
    expect(turns.take(1)).toEqual([])
  })
})
